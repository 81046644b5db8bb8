/** Where something is mounted on the host, as the kernel tells. */

import { readFileSync } from 'node:fs';

export function isMountPoint(path: string): boolean {
  return mountPoints().has(path);
}

export function mountPoints(): ReadonlySet<string> {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return new Set(lines.map((line) => decodePath(line.split(' ')[4] ?? '')));
}

/** Optional fields of the mount that a host path lies on, such as `shared:1`, and where it is mounted. */
export function mountOf(path: string): { at: string; fields: string[] } {
  let found = { at: '/', fields: [] as string[] };
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const words = line.split(' ');
    const at = decodePath(words[4] ?? '');
    const holds = at === '/' || path === at || path.startsWith(`${at}/`);
    // A later line of the same place covers an earlier one.
    if (at === '' || !holds || at.length < found.at.length) continue;
    found = { at, fields: words.slice(6, words.indexOf('-')) };
  }
  return found;
}

/** proc_pid_mountinfo(5): blanks and backslashes are in octal. */
function decodePath(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 8)),
  );
}
