/** Where something is mounted on the host, as the kernel tells. */

import { readFileSync } from 'node:fs';

export function isMountPoint(path: string): boolean {
  return mountPoints().has(path);
}

/** proc_pid_mountinfo(5): the fifth field, with blanks and backslashes in octal. */
export function mountPoints(): ReadonlySet<string> {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return new Set(
    lines.map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      ),
    ),
  );
}
