/** CRIU, a program of the host: https://criu.org/CLI. Only ever taken from the system's own directories. */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TiffinError } from '../../base/errors.ts';

/** Not PATH: a caller's may lead to a directory that somebody else can write to. */
const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const WRITABLE_BY_OTHERS = 0o022;

/** For programs that CRIU itself calls, such as tar. */
export const ENVIRONMENT = { PATH: DIRECTORIES.join(':') };

/** Undefined when there is none that only root can change. */
export function findCriu(): string | undefined {
  return DIRECTORIES.map((directory) => join(directory, 'criu')).find((path) => {
    try {
      const { uid, mode } = statSync(path);
      return uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0;
    } catch {
      return false;
    }
  });
}

/** @throws TiffinError `no-criu`, or `not-root`: CRIU needs the rights of the machine's root. */
export function requireCriu(): string {
  if (process.geteuid?.() !== 0) {
    throw new TiffinError('denied', 'not-root', 'checkpoint and restore need root');
  }
  const path = findCriu();
  if (path !== undefined) return path;
  throw new TiffinError(
    'unsupported',
    'no-criu',
    'checkpoint and restore need criu, which is not installed',
    { hint: `install criu into one of ${DIRECTORIES.join(', ')}` },
  );
}

/** Runs it to its end. `log` is what it wrote, told when it fails. @throws TiffinError `criu-failed` or `criu-kernel`. */
export function runCriu(argv: readonly string[], log: string): void {
  const result = Bun.spawnSync({
    cmd: [...argv],
    env: ENVIRONMENT,
    stdin: 'inherit',
    stdout: 'inherit',
    stderr: 'inherit',
  });
  if (result.exitCode !== 0) throw criuFailure(log);
}

/** Why it failed, by its own check of the kernel and its log. */
export function criuFailure(log: string): TiffinError {
  return (
    kernelFailure(findCriu() ?? 'criu') ??
    new TiffinError('unavailable', 'criu-failed', `criu failed: ${lastError(log)}`, {
      hint: `its log is ${log}`,
    })
  );
}

/** A kernel newer than CRIU knows can be one that it cannot work on at all; its own check tells. */
function kernelFailure(criu: string): TiffinError | undefined {
  const check = Bun.spawnSync({
    cmd: [criu, 'check'],
    env: ENVIRONMENT,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  if (check.exitCode === 0) return undefined;
  const reason = errorLines(check.stderr.toString())[0] ?? 'criu check fails';
  return new TiffinError('unsupported', 'criu-kernel', `criu cannot work here: ${reason}`, {
    hint: 'see criu check; a newer criu may know this kernel',
  });
}

function lastError(log: string): string {
  try {
    return errorLines(readFileSync(log, 'utf8')).at(-1) ?? 'it gives no reason';
  } catch {
    return 'it wrote no log';
  }
}

function errorLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.includes('Error'))
    .map((line) => line.replace(/^\([\d.]{1,20}\) /, '').trim());
}

/** Arguments that lock the network by nftables, where this CRIU can: iptables need not be installed then. */
export function networkLock(criu: string): string[] {
  const check = Bun.spawnSync({
    cmd: [criu, 'check', '--feature', 'network_lock_nftables'],
    env: ENVIRONMENT,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  return check.exitCode === 0 ? ['--network-lock', 'nftables'] : [];
}
