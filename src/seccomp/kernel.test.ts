/** The default filter in force: the kernel accepts it, programs run under it, and it refuses what it should. */

import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LinuxSeccomp } from '../spec/runtime/seccomp.ts';
import { nativeArchitecture, syscallNumber } from './architectures.ts';
import { compileSeccomp, defaultProfile } from './index.ts';

const EPERM = 1;
const EIO = 5;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
const HIGH = 2n ** 32n;

/** errno of each call (`name`, first and second argument) under the profile's filter. */
function tryCalls(profile: LinuxSeccomp, calls: readonly [string, bigint?, bigint?][]): number[] {
  const native = nativeArchitecture();
  if (native === undefined) throw new Error(`no tables for ${process.arch}`);
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-calls-'));
  try {
    const program = join(directory, 'try-calls');
    const source = join(import.meta.dir, 'testing/try-calls.c');
    expect(Bun.spawnSync(['cc', '-o', program, source]).stderr.toString()).toBe('');
    const words = calls.map(([name, first = 0n, second = 0n]) =>
      [syscallNumber(name, native), first, second].join(','),
    );
    const run = Bun.spawnSync([program, ...words], {
      stdin: compileSeccomp(profile, native).filter,
    });
    expect(run.stderr.toString()).toBe('');
    return run.stdout.toString().trim().split('\n').map(Number);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('defaultProfile: the kernel takes the filter and answers with its errnos', () => {
  const answers = tryCalls(defaultProfile(new Set()), [
    ['getpid'],
    ['socket', 38n, 5n],
    ['socket', HIGH + 38n, 5n],
    ['socket', 40n, 1n],
    ['ioctl', 0n, 0x5412n],
    ['ioctl', 0n, HIGH + 0x5412n],
    ['unshare', 0x10000000n],
    ['clone3'],
    ['mount'],
    ['keyctl'],
    ['io_uring_setup'],
    ['bpf'],
  ]);
  expect(answers).toEqual([
    0,
    EAFNOSUPPORT,
    EAFNOSUPPORT,
    EAFNOSUPPORT,
    EIO,
    EIO,
    EPERM,
    ENOSYS,
    EPERM,
    EPERM,
    EPERM,
    EPERM,
  ]);
});

test('defaultProfile: the kernel itself looks only at the low word of a socket family', () => {
  const greaterThan40: LinuxSeccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      {
        names: ['socket'],
        action: 'SCMP_ACT_ERRNO',
        args: [{ index: 0, value: 40, op: 'SCMP_CMP_LE' }],
      },
    ],
  };
  // AF_UNIX datagram: refused as 1, made as 2^32 + 1. That is why the default profile masks.
  expect(
    tryCalls(greaterThan40, [
      ['socket', 1n, 2n],
      ['socket', HIGH + 1n, 2n],
    ]),
  ).toEqual([EPERM, 0]);
});
