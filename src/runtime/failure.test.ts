import { expect, test } from 'bun:test';
import type { Op, Plan, Stage } from '../plan/ops.ts';
import { wordFailure } from './failure.ts';

const exec: Op = { op: 'exec', args: ['foo', '-x'], env: [], home: 0 };
const [ENOENT, EACCES, ENOEXEC, EINVAL, ENOSPC, EADDRINUSE] = [2, 13, 8, 22, 28, 98];

function failure(op: Op, errno: number, detail: string, stage: Stage = 'inside') {
  const plan: Plan = [{ stage, op, why: '' }];
  return wordFailure(plan, { stage: 3, opIndex: 0, errno, detail });
}

const cases: [name: string, op: Op, errno: number, detail: string, expected: object][] = [
  [
    'a missing program',
    exec,
    ENOENT,
    'foo',
    { message: 'exec: "foo": executable file not found in $PATH', exitCode: 127 },
  ],
  [
    'a missing path',
    { ...exec, args: ['/bin/foo'] },
    ENOENT,
    '/bin/foo',
    { message: 'exec: "/bin/foo": stat /bin/foo: no such file or directory', exitCode: 127 },
  ],
  [
    'a program without permission',
    exec,
    EACCES,
    '/bin/foo',
    { message: 'exec: "foo": permission denied', exitCode: 126 },
  ],
  [
    'a program of another machine',
    exec,
    ENOEXEC,
    'format aarch64 /bin/foo',
    { message: 'exec foo: exec format error: it is made for aarch64', exitCode: 126 },
  ],
  [
    'a text',
    exec,
    ENOEXEC,
    'format /bin/foo',
    { message: 'exec foo: exec format error', exitCode: 126 },
  ],
  [
    'a missing interpreter',
    exec,
    ENOENT,
    'interpreter /bin/bash /bin/foo',
    { code: 'no-interpreter', exitCode: 127 },
  ],
  [
    'a script with Windows line ends',
    exec,
    ENOENT,
    'interpreter /bin/sh\r /bin/foo',
    {
      code: 'no-interpreter',
      hint: 'the script has Windows line ends: convert it with dos2unix',
      exitCode: 127,
    },
  ],
  [
    'an unknown user',
    { op: 'user', user: 'bob', group: '', groups: [], lookup: 1 },
    ENOENT,
    'user bob',
    { message: 'unable to find user bob: no matching entries in passwd file', class: 'invalid' },
  ],
  [
    'an unknown group',
    { op: 'user', user: 'bob', group: 'team', groups: [], lookup: 1 },
    ENOENT,
    'group team',
    { message: 'unable to find group team: no matching entries in group file' },
  ],
  [
    'a taken port',
    { op: 'reserve-port', protocol: 6, address: '::1', port: 80 },
    EADDRINUSE,
    '',
    {
      message: 'Bind for [::1]:80 failed: port is already allocated: address already in use',
      class: 'conflict',
    },
  ],
  [
    'a refused limit',
    { op: 'write', path: '/sys/fs/cgroup/a/pids.max', data: Buffer.from('-5'), ignore: [] },
    EINVAL,
    '',
    {
      message: 'the kernel refuses the limit "-5" for /sys/fs/cgroup/a/pids.max: invalid argument',
      code: 'limit-refused',
    },
  ],
  [
    'a full disk at any step',
    { op: 'directory', path: '/srv', mode: 0o755, uid: 0, gid: 0 },
    ENOSPC,
    '/srv',
    {
      message: 'cannot make directory /srv (0755,0:0): no space left on device',
      class: 'exhausted',
    },
  ],
];

for (const [name, op, errno, detail, expected] of cases) {
  test(`wordFailure tells of ${name}`, () => {
    expect(failure(op, errno, detail)).toMatchObject(expected);
  });
}

test('wordFailure adds what the shim said when the step itself does not show it', () => {
  const mount: Op = {
    op: 'mount',
    source: 'x',
    target: '/x',
    fstype: 'tmpfs',
    flags: 0n,
    data: 'a=b',
    create: 1,
    propagation: 0n,
  };
  expect(failure(mount, EINVAL, "a=b: tmpfs: Unknown parameter 'a'").message).toContain(
    "tmpfs: Unknown parameter 'a'",
  );
});

test.each([
  [ENOENT, 'cannot make directory /srv (0755,0:0): it or a part of its path is missing'],
  [EACCES, 'cannot make directory /srv (0755,0:0): access is denied'],
])(
  'wordFailure tells errno %p of a step without the words that docker takes for the program',
  (errno, message) => {
    const op: Op = { op: 'directory', path: '/srv', mode: 0o755, uid: 0, gid: 0 };
    const error = failure(op, errno, '/srv');
    expect(error.message).toBe(message);
    expect(error.exitCode).toBeUndefined();
  },
);

test('wordFailure names the step and its stage in the cause', () => {
  const { cause } = failure(exec, ENOENT, 'foo');
  expect(String(cause)).toContain('inside step 1 of 1');
});

test('wordFailure survives a report that does not fit the plan', () => {
  expect(wordFailure([], { stage: 0, opIndex: 7, errno: 2, detail: '' }).message).toContain(
    'step 7',
  );
});
