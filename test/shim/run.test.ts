import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../../src/host/frame-codec.ts';
import { FrameConnection } from '../../src/host/frame-connection.ts';
import { FRAMES } from '../../src/host/frames.ts';
import { encodePlan } from '../../src/plan/encode.ts';
import type { OpOf, Step } from '../../src/plan/ops.ts';
import { STAGES } from '../../src/plan/ops.ts';
import type { Stand } from './harness.ts';
import { exec, isAlive, makeStand, rootSteps, step, supervise } from './harness.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await makeStand();
});
afterAll(() => stand.close());

const DETACHED = 0;
const FOREGROUND = 1;
let plans = 0;

function planFile(
  args: readonly string[],
  options: { supervise?: Partial<OpOf<'supervise'>>; steps?: Step[]; more?: Step[] } = {},
): string {
  const path = join(stand.scratch, `plan-${++plans}`);
  const plan = [
    step('host', supervise('', { mode: FOREGROUND, stdin: 3, ...options.supervise })),
    ...rootSteps(stand.root, options.steps),
    ...(options.more ?? []),
    exec(...args),
  ];
  writeFileSync(path, encodePlan(plan), { mode: 0o600 });
  return path;
}

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

function finished(child: ReturnType<typeof spawn>): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  child.stdout?.on('data', (bytes) => {
    text.stdout += bytes;
  });
  child.stderr?.on('data', (bytes) => {
    text.stderr += bytes;
  });
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, ...text }));
  });
}

const shimRun = (path: string): ReturnType<typeof spawn> => spawn(stand.shim, ['run', path]);

test('shim run in the foreground gives output and status, and unlinks its plan', async () => {
  const path = planFile(['sh', '-c', 'read x; echo got $x; exit 9']);
  const child = shimRun(path);
  const end = finished(child);
  child.stdin?.end('input\n');
  expect(await end).toEqual({ status: 9, stdout: 'got input\n', stderr: '' });
  expect(existsSync(path)).toBe(false);
});

test('shim run forwards signals and ends with 128 and the number after one', async () => {
  const trapped = shimRun(
    planFile(['sh', '-c', 'trap "exit 3" USR1; echo up; while :; do sleep 0.02; done']),
  );
  trapped.stdout?.once('data', () => trapped.kill('SIGUSR1'));
  expect((await finished(trapped)).status).toBe(3);
  const killed = shimRun(
    planFile(['sh', '-c', 'echo up; exec sleep 100'], { more: [step('inside', { op: 'init' })] }),
  );
  killed.stdout?.once('data', () => killed.kill('SIGTERM'));
  expect((await finished(killed)).status).toBe(143);
});

test('shim run executes on-failure with stage, step, errno and detail', async () => {
  const report = join(stand.scratch, 'report');
  mkdirSync(report, { recursive: true });
  const onFailure = step('host', { op: 'on-failure', args: ['/bin/echo', 'failed:'] });
  const first = planFile(['absent']);
  const { stdout, status } = await finished(shimRun(first));
  expect([stdout, status]).toEqual(['', 1]);
  const worded = planFile(['absent'], {
    more: [onFailure, step('teardown', { op: 'remove-directory', path: report })],
  });
  const index = rootSteps('').length + 3;
  const end = await finished(shimRun(worded));
  expect(end.stdout).toBe(`failed: ${STAGES.indexOf('inside')} ${index} 2 absent\n`);
  expect(existsSync(report)).toBe(false);
});

test('shim run keeps preserved descriptors open and refuses one that the caller did not open', async () => {
  const file = join(stand.scratch, 'preserved');
  writeFileSync(file, 'by descriptor\n');
  const child = (count: number) =>
    spawn(
      stand.shim,
      [
        'run',
        planFile(['sh', '-c', 'cat <&3; busybox ls /proc/self/fd'], {
          supervise: { preserveFds: count },
        }),
      ],
      { stdio: ['pipe', 'pipe', 'pipe', openSync(file, 'r')] },
    );
  const kept = await finished(child(1));
  expect(kept.stdout).toBe('by descriptor\n0\n1\n2\n3\n4\n');
  const refused = await finished(child(2));
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('descriptor 4') });
});

test('shim run detached ends when the container waits at its gate; connecting starts it', async () => {
  const gate = join(stand.scratch, 'gate.sock');
  const pidFile = join(stand.scratch, 'pid');
  const out = join(stand.scratch, 'out');
  const path = planFile(['sh', '-c', 'echo started; exec sleep 100'], {
    supervise: { mode: DETACHED },
    steps: [step('inside', { op: 'gate', path: gate })],
    more: [
      step('beside', { op: 'process-file', path: pidFile }),
      step('inside', { op: 'wait-gate' }),
    ],
  });
  const child = spawn(stand.shim, ['run', path], {
    stdio: ['ignore', openSync(out, 'w'), 'inherit'],
  });
  expect((await finished(child)).status).toBe(0);
  const pid = Number(readFileSync(pidFile, 'utf8').split(' ')[0]);
  expect(isAlive(pid)).toBe(true);
  expect(readFileSync(out, 'utf8')).toBe('');
  const frames: Frame[] = [];
  await new Promise<void>((resolve) => {
    const handlers = { frame: (frame: Frame) => frames.push(frame), end: () => resolve() };
    void FrameConnection.open(gate, handlers).then((connection) =>
      connection.write(Uint8Array.of(1)),
    );
  });
  expect(frames).toEqual([]);
  while (readFileSync(out, 'utf8') !== 'started\n') await Bun.sleep(1);
  process.kill(pid, 'SIGKILL');
});

test('what fails behind the gate is reported to who opened it', async () => {
  const gate = join(stand.scratch, 'gate-fails.sock');
  const path = planFile(['absent'], {
    supervise: { mode: DETACHED },
    steps: [step('inside', { op: 'gate', path: gate })],
    more: [step('inside', { op: 'wait-gate' })],
  });
  // The container inherits what this process gives.
  const child = spawn(stand.shim, ['run', path], { stdio: 'ignore' });
  expect((await finished(child)).status).toBe(0);
  const frames: Frame[] = [];
  await new Promise<void>((resolve) => {
    const handlers = { frame: (frame: Frame) => frames.push(frame), end: () => resolve() };
    void FrameConnection.open(gate, handlers).then((connection) =>
      connection.write(Uint8Array.of(1)),
    );
  });
  const payload = Buffer.from(frames[0]?.payload ?? []);
  expect(frames[0]?.type).toBe(FRAMES.failed);
  expect([payload[0], payload.readUInt16LE(2), payload.readUInt32LE(4)]).toEqual([
    STAGES.indexOf('inside'),
    rootSteps('').length + 3,
    2,
  ]);
  expect(payload.subarray(8).toString()).toBe('absent');
});

test('shim run passes the master of a terminal to the console socket', async () => {
  const receive = [
    'import socket, os, sys, array',
    's = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); print("ready", flush=True)',
    'c, _ = s.accept()',
    'data, control, _, _ = c.recvmsg(64, socket.CMSG_SPACE(8))',
    'fd = array.array("i", control[0][2])[0]',
    'out = b""',
    'while b"end" not in out: out += os.read(fd, 100)',
    'print(data.decode(), out.decode().split())',
  ].join('\n');
  const socket = join(stand.scratch, 'console.sock');
  const receiver = spawn('python3', ['-c', receive, socket]);
  const received = finished(receiver);
  await new Promise((resolve) => receiver.stdout?.once('data', resolve));
  const path = planFile(['sh', '-c', 'stty size; echo end'], {
    supervise: { mode: DETACHED, terminal: 1 },
    steps: [
      step('inside', { op: 'session' }),
      step('inside', { op: 'terminal', rows: 11, columns: 22, consoleSocket: socket }),
    ],
  });
  const child = spawn(stand.shim, ['run', path], { stdio: 'ignore' });
  expect((await finished(child)).status).toBe(0);
  expect((await received).stdout).toBe("ready\n/dev/pts/ptmx ['11', '22', 'end']\n");
});

test('shim run relays a terminal in raw mode and puts it back', async () => {
  const path = planFile(
    ['sh', '-c', 'stty size; read line; echo line $line; read -n 1 key; exit 6'],
    {
      supervise: { terminal: 1 },
      steps: [
        step('inside', { op: 'session' }),
        step('inside', { op: 'terminal', rows: 0, columns: 0, consoleSocket: '' }),
      ],
    },
  );
  const drive = [
    'import os, pty, sys, termios, struct, fcntl',
    'pid, fd = pty.fork()',
    'if pid == 0:',
    '    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 44, 0, 0))',
    '    before = termios.tcgetattr(0)',
    '    child = os.spawnv(os.P_WAIT, sys.argv[1], ["shim", "run", sys.argv[2]])',
    '    same = termios.tcgetattr(0) == before',
    '    os.write(1, f"status {child} restored {same}".encode()); os._exit(0)',
    'out = b""',
    'sent = 0',
    'while True:',
    '    try: part = os.read(fd, 1000)',
    '    except OSError: break',
    '    if not part: break',
    '    out += part',
    '    if sent == 0 and b"33 44" in out: os.write(fd, b"typed\\r"); sent = 1',
    '    if sent == 1 and b"line typed" in out: os.write(fd, b"q"); sent = 2',
    'os.waitpid(pid, 0); print(out.decode())',
  ].join('\n');
  const { stdout } = await finished(spawn('python3', ['-c', drive, stand.shim, path]));
  expect(stdout).toContain('33 44');
  expect(stdout).toContain('line typed');
  expect(stdout).toContain('status 6 restored True');
});
