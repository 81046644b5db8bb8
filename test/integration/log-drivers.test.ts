/** Lines of containers in the machine's log service: what arrives is what was written, also over the end of an engine. */

import { expect, test } from 'bun:test';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Machine } from '../conformance/callers/machine.ts';
import { TestEngine, until } from './harness.ts';

/** Writes each datagram of a unix socket as a line of JSON. */
const RECEIVER = `
import json, os, socket, sys
path, out = sys.argv[1:]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
if os.path.exists(path): os.unlink(path)
receiver.bind(path)
print("ready", flush=True)
with open(out, "a", buffering=1) as file:
    while True:
        file.write(json.dumps(receiver.recv(1 << 20).decode()) + "\\n")
`;

class Receiver implements AsyncDisposable {
  readonly path: string;
  readonly #out: string;
  #child: ChildProcess | undefined;

  constructor(directory: string) {
    this.path = join(directory, 'log-socket');
    this.#out = join(directory, 'received');
  }

  async start(): Promise<this> {
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
    const child = spawn('python3', ['-c', RECEIVER, this.path, this.#out], { stdio });
    this.#child = child;
    await new Promise((ready) => child.stdout.once('data', ready));
    return this;
  }

  get received(): string[] {
    const lines = readFileSync(this.#out, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => String(JSON.parse(line)));
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

const said = (messages: readonly string[]) => messages.map((text) => text.replace(/^.*\]: /, ''));

test('--log-driver syslog sends lines to a unix socket with tag, facility and severity, and logs shows them too', async () => {
  await using engine = await TestEngine.start();
  await using receiver = await new Receiver(engine.directory).start();
  const options = [
    ...['--log-driver', 'syslog', '--log-opt', `syslog-address=unixgram://${receiver.path}`],
    ...['--log-opt', 'syslog-facility=local0', '--log-opt', 'tag={{.Name}}'],
  ];
  await engine.ok(
    'run',
    '--name',
    'teller',
    ...options,
    'starter',
    'sh',
    '-c',
    'echo out; echo err >&2; printf unended',
  );
  await until('all of it is there', () => receiver.received.length === 3);
  const { received } = receiver;
  expect(received.find((text) => text.endsWith('out'))).toMatch(
    /^<134>\w{3} [ \d]\d [\d:]{8} teller\[\d+\]: out$/,
  );
  expect(received.find((text) => text.endsWith('err'))).toStartWith('<131>');
  expect(received.at(-1)).toEndWith(': unended');
  expect((await engine.ok('logs', 'teller')).split('\n')).toContain('out');
});

test('--log-driver syslog loses no line to a killed engine or a service that starts anew', async () => {
  await using engine = await TestEngine.start();
  await using receiver = await new Receiver(engine.directory).start();
  const address = `syslog-address=unixgram://${receiver.path}`;
  const script = 'i=0; while read word; do i=$((i + 1)); echo "$word $i"; done';
  const options = ['--name', 'teller', '--log-driver', 'syslog', '--log-opt', address];
  await engine.ok(
    'run',
    '-d',
    ...options,
    'starter',
    'sh',
    '-c',
    `mkfifo /in; exec 3<>/in; ${script} <&3`,
  );
  const say = (word: string) => engine.ok('exec', 'teller', 'sh', '-c', `echo ${word} > /in`);
  await say('first');
  await until('the first is there', () => said(receiver.received).includes('first 1'));
  await engine.ok(
    'exec',
    '-d',
    'teller',
    'sh',
    '-c',
    'while [ ! -e /go ]; do sleep 0.05; done; echo alone > /in',
  );
  await engine.ok('exec', 'teller', 'touch', '/go');
  await engine.kill();
  await engine.serve();
  await until('the second is there', () => said(receiver.received).includes('alone 2'));
  await receiver.stop();
  await say('unheard');
  await receiver.start();
  await until('the third is there', () => said(receiver.received).includes('unheard 3'));
  expect(new Set(said(receiver.received)).size).toBe(3);
});

test('--log-driver syslog speaks UDP and TCP', async () => {
  await using engine = await TestEngine.start();
  const datagrams: string[] = [];
  const udp = await Bun.udpSocket({
    hostname: '127.0.0.1',
    socket: { data: (_socket, data) => void datagrams.push(data.toString()) },
  });
  const streamed: Buffer[] = [];
  const stream = () => Buffer.concat(streamed).toString();
  using tcp = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data: (_socket, data) => void streamed.push(data) },
  });
  for (const address of [`udp://127.0.0.1:${udp.port}`, `tcp://127.0.0.1:${tcp.port}`]) {
    const options = [
      '--log-opt',
      `syslog-address=${address}`,
      '--log-opt',
      'syslog-format=rfc5424',
    ];
    await engine.ok(
      'run',
      '--rm',
      '--log-driver',
      'syslog',
      ...options,
      'starter',
      'echo',
      'heard',
    );
  }
  await until('both are there', () => datagrams.length === 1 && stream().endsWith('\n'));
  udp.close();
  const form = /^<30>1 \d{4}-\d\d-\d\dT[\d:]{8}Z \S+ [0-9a-f]{12} \d+ [0-9a-f]{12} - heard\n?$/;
  expect(datagrams[0]).toMatch(form);
  expect(stream()).toMatch(form);
});

test('a start fails in words when the log service is not there, and options that mean nothing are refused', async () => {
  await using engine = await TestEngine.start();
  const run = (...options: string[]) =>
    engine.tiffin(['run', '--rm', ...options, 'starter', 'true']);
  const nobody = await run(
    '--log-driver',
    'syslog',
    '--log-opt',
    'syslog-address=unixgram:///no/such',
  );
  expect(nobody.status).toBe(125);
  expect(nobody.stderr).toContain(
    'failed to initialize logging driver: dial unixgram /no/such: No such file or directory',
  );
  const wrong = await run('--log-driver', 'syslog', '--log-opt', 'labels=a');
  expect(wrong.stderr).toContain("unknown log opt 'labels' for syslog log driver");
  expect(await engine.ok('ps', '-aq')).toBe('');
});

test('--log-driver journald writes what journalctl reads, with the fields that docker gives', async () => {
  using machine = await Machine.start();
  machine.run(['sh', '-c', 'mount -t tmpfs journal /var/log && mkdir -p /run/systemd/journal']);
  await machine.daemon(
    ['sh', '-c', 'exec /lib/systemd/systemd-journald'],
    ['test', '-S', '/run/systemd/journal/socket'],
  );
  const socket = `unix://${machine.work}/tiffin.sock`;
  const tiffin = [resolve(import.meta.dir, '../../dist/tiffin')];
  const roots = ['--data-root', `${machine.work}/data`, '--exec-root', `${machine.work}/exec`];
  await machine.daemon(
    ['env', ...tiffin, 'serve', '-H', socket, ...roots],
    [...tiffin, '-H', socket, 'ps'],
  );
  const options = [
    '--label',
    'team=blue',
    '--log-driver',
    'journald',
    '--log-opt',
    'labels=team',
    '--log-opt',
    'tag={{.Name}}',
  ];
  const answer = machine.run([
    ...tiffin,
    '-H',
    socket,
    'run',
    '--name',
    'teller',
    ...options,
    'starter',
    'sh',
    '-c',
    'echo out; echo err >&2',
  ]);
  expect(answer).toMatchObject({ status: 0, out: 'out\n' });
  const entries = () => {
    const { out } = machine.run(['journalctl', '-o', 'json', 'CONTAINER_NAME=teller']);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  await until('both lines are there', () => entries().length === 2);
  const id = machine
    .run([...tiffin, '-H', socket, 'inspect', '-f', '{{.Id}}', 'teller'])
    .out.trim();
  const common = {
    CONTAINER_ID: id.slice(0, 12),
    CONTAINER_ID_FULL: id,
    CONTAINER_TAG: 'teller',
    SYSLOG_IDENTIFIER: 'teller',
    IMAGE_NAME: 'starter',
    TEAM: 'blue',
  };
  const found = entries();
  expect(found.find(({ MESSAGE }) => MESSAGE === 'out')).toMatchObject({
    ...common,
    PRIORITY: '6',
  });
  expect(found.find(({ MESSAGE }) => MESSAGE === 'err')).toMatchObject({
    ...common,
    PRIORITY: '3',
  });
});
