/** A folder of root file systems made of the host's static busybox, as users of cfs have one. */

import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const APPLETS = ['sh', 'ls', 'pwd', 'whoami', 'cat', 'sleep', 'touch', 'id', 'ps', 'hostname'];
const MORE = ['true', 'false', 'readlink', 'echo', 'stat', 'ip', 'tail'];

/** A small root file system at `path`. */
export function busyboxRoot(path: string): void {
  for (const directory of ['bin', 'etc', 'tmp', 'root']) {
    mkdirSync(join(path, directory), { recursive: true });
  }
  copyFileSync('/bin/busybox', join(path, 'bin/busybox'));
  chmodSync(join(path, 'bin/busybox'), 0o755);
  for (const applet of [...APPLETS, ...MORE]) symlinkSync('busybox', join(path, 'bin', applet));
  writeFileSync(join(path, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
}
