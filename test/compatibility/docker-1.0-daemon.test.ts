/** The flags of docker 1.0's daemon: each works on `tiffin serve`, or is refused with a sentence. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modeOf, must, type Result, run, tiffinBinary, until } from '../integration/harness.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tiffin-daemon-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** An engine with roots of its own; its default socket unless `hosts` are given. */
class Daemon implements AsyncDisposable {
  readonly root: string;
  readonly socket: string;
  readonly child: ChildProcess;
  said = '';

  constructor(args: readonly string[], options: { argv?: readonly string[]; root?: string } = {}) {
    this.root = options.root ?? mkdtempSync(join(directory, 'root-'));
    this.socket = join(this.root, 'run/tiffin.sock');
    const roots = ['--data-root', join(this.root, 'data'), '--exec-root', join(this.root, 'run')];
    const argv = options.argv ?? [tiffinBinary, 'serve'];
    const [program = '', ...first] = argv;
    this.child = spawn(program, [...first, ...roots, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.said += chunk.toString();
      });
    }
  }

  static async start(args: readonly string[], options: { root?: string } = {}): Promise<Daemon> {
    const daemon = new Daemon(args, options);
    await daemon.answers();
    return daemon;
  }

  async answers(socket = this.socket): Promise<void> {
    await until('the engine answers', async () => {
      if (this.child.exitCode !== null) throw new Error(`the engine ended: ${this.said}`);
      if (!existsSync(socket)) return false;
      return (await fetch('http://x/_ping', { unix: socket }).catch(() => undefined))?.ok === true;
    });
  }

  tiffin(...args: string[]): Promise<Result> {
    return run([tiffinBinary, '-H', `unix://${this.socket}`, ...args]);
  }

  async ok(...args: string[]): Promise<string> {
    return (await must([tiffinBinary, '-H', `unix://${this.socket}`, ...args])).trimEnd();
  }

  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** How a start that cannot succeed ends. */
async function refusal(...args: string[]): Promise<string> {
  const daemon = new Daemon(args);
  const status = await new Promise((resolve) => daemon.child.once('close', resolve));
  expect(status).not.toBe(0);
  return daemon.said;
}

test('-d and daemon start the engine with docker’s warning, -g takes a data root behind a link, -p writes the pid', async () => {
  const root = join(directory, 'old');
  mkdirSync(join(root, 'real'), { recursive: true });
  symlinkSync('real', join(root, 'link'));
  const pidfile = join(root, 'pid');
  const socket = join(root, 's.sock');
  const old = ['-H', `unix://${socket}`, '-d', '-g', join(root, 'link'), '-p', pidfile];
  const start = (words: readonly string[]) =>
    spawn(tiffinBinary, [...words, '--exec-root', join(root, 'run')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  const child = start(old);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until('the engine answers', () => existsSync(socket) && existsSync(pidfile));
  expect(said).toContain(
    "Warning: '-d' is deprecated, it will be replaced by 'tiffin serve' soon. See usage.\n",
  );
  expect(said).toContain(
    "Warning: '-g' is deprecated, it will be replaced by '--data-root' soon. See usage.\n",
  );
  await until('the pid is written', () => readFileSync(pidfile, 'utf8') === String(child.pid));
  expect(existsSync(join(root, 'real/tiffin.db'))).toBe(true);
  const second = start(['daemon', '-p', pidfile, '--data-root', join(root, 'other')]);
  let refused = '';
  second.stderr.on('data', (chunk: Buffer) => {
    refused += chunk.toString();
  });
  expect(await new Promise((resolve) => second.once('close', resolve))).toBe(1);
  expect(refused).toContain(`pid file found, ensure Tiffin is not running or delete ${pidfile}`);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  expect(existsSync(pidfile)).toBe(false);
});

test('-H may stand several times: unix sockets of a group with -G, and TCP on loop-back with a warning', async () => {
  const other = join(directory, 'other.sock');
  const port = 18_481;
  await using daemon = await Daemon.start([
    ...['-H', 'unix://', '-H', `unix://${other}`, '-H', `tcp://127.0.0.1:${port}`, '-G', 'daemon'],
  ]);
  expect([modeOf(daemon.socket), modeOf(other)]).toEqual(['660', '660']);
  expect(await must(['stat', '-c', '%G', other])).toBe('daemon\n');
  expect(daemon.said).toContain(
    `WARNING: whoever reaches the engine on 127.0.0.1:${port} is root on this machine`,
  );
  const echoed = await run(
    ['docker', '-H', `tcp://127.0.0.1:${port}`, 'run', '--rm', '-i', 'starter', 'cat'],
    { input: 'through TCP\n' },
  );
  expect(echoed).toMatchObject({ status: 0, stdout: 'through TCP\n' });
  const ask = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}/info`, { headers }).then((answer) => answer.status);
  expect(await ask({})).toBe(200);
  expect(await ask({ Origin: 'http://evil.example' })).toBe(403);
  expect(await ask({ Host: 'evil.example' })).toBe(403);
});

test('-H tcp:// with --tlsverify serves who has a certificate, and nobody else', async () => {
  const files = await certificates();
  const port = 18_482;
  const own = [
    ...['--tlscacert', files.ca, '--tlscert', files.server, '--tlskey', files.serverKey],
  ];
  await using daemon = await Daemon.start([
    ...['-H', 'unix://', '-H', `tcp://0.0.0.0:${port}`, '--tlsverify', ...own],
  ]);
  expect(daemon.said).toBe('');
  const host = ['-H', `tcp://127.0.0.1:${port}`, '--tlscacert', files.ca];
  const mine = ['--tlscert', files.client, '--tlskey', files.clientKey];
  const known = ['docker', '--tlsverify', ...host, ...mine];
  const echoed = await run([...known, 'run', '--rm', '-i', 'starter', 'cat'], {
    input: 'sealed\n',
  });
  expect(echoed).toMatchObject({ status: 0, stdout: 'sealed\n' });
  const unknown = await run(['docker', '--tls', ...host, 'ps']);
  expect(unknown.status).not.toBe(0);
  expect(unknown.stderr).toContain('certificate required');
  const plain = await fetch(`http://127.0.0.1:${port}/info`).catch(() => undefined);
  expect(plain).toBeUndefined();
});

test.each([
  [['-H', 'tcp://0.0.0.0:18483'], 'refusing to listen on 0.0.0.0:18483'],
  [['-H', 'tcp://0.0.0.0:18483', '--tlsverify'], 'could not read the TLS certificate'],
  [['-H', 'fd://'], 'no sockets found via socket activation'],
  [['-H', 'ftp://x'], 'invalid bind address format: ftp://x'],
  [['-H', 'tcp://example.com:1'], 'invalid bind address format: tcp://example.com:1'],
  [['-p', '/no/such/directory/pid'], 'cannot write the pid file'],
  [['-H', 'tcp://10.255.255.1:1', '--tls=false'], 'cannot listen on 10.255.255.1:1'],
  [['-G', 'no-such-group'], 'group no-such-group not found'],
  [['-s', 'aufs'], 'storage driver aufs is not supported'],
  [['-e', 'lxc'], 'exec driver lxc is not supported'],
  [['-b', 'br0'], '--bridge takes "none" only'],
  [['-b', 'none', '--bip', '10.1.0.1/16'], '--bridge=none and --bip exclude each other'],
  [['--bip', '10.1.0.0/16'], "it is the network's own"],
  [['--mtu', '5'], 'invalid mtu "5"'],
  [['--iptables=false'], '--iptables=false is not supported'],
  [['--selinux-enabled'], '--selinux-enabled is not supported'],
  [['--api-enable-cors'], 'a page that could reach the engine would be root'],
  [['--storage-opt', 'dm.x=1'], 'overlay2 has no options here'],
] as const)('serve %p is refused with a sentence', async (args, sentence) => {
  expect(await refusal(...args)).toContain(sentence);
});

test('--bip, --mtu, --icc=false, --ip, --dns and --dns-search are about all containers of the default network', async () => {
  await using daemon = await Daemon.start([
    ...['--bip', '10.213.7.1/24', '-mtu', '1400', '--icc=false', '--ip', '127.0.0.1'],
    ...['--dns', '10.0.0.53', '--dns-search', 'lunch.example', '-s', 'overlay2', '-e', 'native'],
  ]);
  await daemon.ok('run', '-d', '--name', 'one', '-P', '--expose', '80', 'starter', 'sleep', '100');
  const text = await daemon.ok(
    'exec',
    'one',
    'sh',
    '-c',
    'ip addr; ip route; cat /etc/resolv.conf',
  );
  expect(text).toMatch(/inet 10\.213\.7\.[0-9]+\/24/);
  expect(text).toContain('mtu 1400');
  expect(text).toContain('default via 10.213.7.1');
  expect(text).toContain('nameserver 10.0.0.53\nsearch lunch.example');
  expect(await daemon.ok('port', 'one')).toMatch(/^80\/tcp -> 127\.0\.0\.1:[0-9]+$/);
  const address = await daemon.ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'one');
  const ping = await daemon.tiffin('run', '--rm', 'starter', 'ping', '-c', '1', '-W', '1', address);
  expect(ping.stdout).toContain('0 packets received');
  const own = await daemon.ok(
    'run',
    '--rm',
    '--dns',
    '10.0.0.54',
    'starter',
    'cat',
    '/etc/resolv.conf',
  );
  expect(own).toContain('nameserver 10.0.0.54');
  await daemon.stop();
  const moved = new Daemon(['--bip', '10.213.8.1/24'], { root: daemon.root });
  await new Promise((resolve) => moved.child.once('close', resolve));
  expect(moved.said).toContain('cannot give the default network 10.213.8.0/24');
  await using again = await Daemon.start([], { root: daemon.root });
  expect(await again.ok('network', 'inspect', '-f', '{{json .Options}}', 'bridge')).toBe('{}');
  await again.ok('rm', '-f', 'one');
  await again.stop();
  await using free = await Daemon.start(['--bip', '10.213.8.1/24'], { root: daemon.root });
  expect(await free.ok('run', '--rm', 'starter', 'ip', 'addr')).toContain('inet 10.213.8.');
});

test('-b none leaves containers that name no network, and steps of builds, without one', async () => {
  await using daemon = await Daemon.start(['-b', 'none']);
  const links = ['ip', '-o', 'link'];
  expect((await daemon.ok('run', '--rm', 'starter', ...links)).split('\n')).toHaveLength(1);
  const stock = ['docker', '-H', `unix://${daemon.socket}`, 'run', '--rm', 'starter', ...links];
  expect((await must(stock)).trimEnd().split('\n')).toHaveLength(1);
  writeFileSync(
    join(directory, 'Dockerfile'),
    'FROM starter\nRUN test $(ip -o link | wc -l) = 1\n',
  );
  await daemon.ok('build', '-q', directory);
  await daemon.ok('network', 'create', 'own');
  const joined = await daemon.ok('run', '--rm', '--network', 'own', 'starter', ...links);
  expect(joined.split('\n')).toHaveLength(2);
});

test('-r=false starts nothing by policy, -D tells of every request, info says so', async () => {
  const first = await Daemon.start([]);
  const forever = ['run', '-d', '--name', 'always', '--restart', 'always'];
  const id = await first.ok(...forever, 'starter', 'sleep', '100');
  const pid = await first.ok('inspect', '-f', '{{.State.Pid}}', 'always');
  const died = new Promise((resolve) => first.child.once('exit', resolve));
  first.child.kill('SIGKILL');
  await died;
  process.kill(Number(pid), 'SIGKILL');
  const record = join(first.root, 'run/containers', id, 'exit');
  await until('the monitor has written down the end', () => existsSync(record));
  await using second = await Daemon.start(['-r=false', '-D'], { root: first.root });
  const state = ['inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'always'];
  expect(await second.ok(...state)).toBe('exited 0');
  expect(await second.ok('info', '-f', '{{.Debug}}')).toBe('true');
  expect(second.said).toMatch(/^GET "\/[^"]*info" 200$/m);
  await second.stop();
  await using third = await Daemon.start([], { root: first.root });
  await until('the policy counts', async () => (await third.ok('ps', '-q')) !== '');
  await third.ok('rm', '-f', 'always');
});

test('serve takes --ip-forward=false and leaves the forwarding of the host as it is', async () => {
  // A network of its own, where the setting is nobody else's.
  const off = 'echo 0 > /proc/sys/net/ipv4/ip_forward; ip link set lo up; exec "$@"';
  const inNetwork = ['unshare', '-n', 'sh', '-c', off, 'sh', tiffinBinary, 'serve'];
  const forwards = (daemon: Daemon) =>
    must(['nsenter', '-n', '-t', String(daemon.child.pid), 'cat', '/proc/sys/net/ipv4/ip_forward']);
  for (const [flags, after] of [
    [['--ip-forward=false'], '0\n'],
    [[], '1\n'],
  ] as const) {
    await using daemon = new Daemon(flags, { argv: inNetwork });
    await daemon.answers();
    await daemon.ok('run', '--rm', 'starter', 'true');
    expect(await forwards(daemon)).toBe(after);
  }
});

test('fd:// answers on the sockets that systemd hands over, and no other process keeps them', async () => {
  const path = join(directory, 'activated.sock');
  const activate = ['systemd-socket-activate', '-l', path];
  const argv = [...activate, tiffinBinary, 'serve', '-H', 'fd://'];
  await using daemon = new Daemon([], { argv });
  await daemon.answers(path);
  const at = `unix://${path}`;
  const id = await must([tiffinBinary, '-H', at, 'run', '-d', 'starter', 'sleep', '100']);
  expect(id).toMatch(/^[0-9a-f]{64}\n$/);
  // Listening ones have the flag 10000 (proc_net(5)).
  const sockets = readFileSync('/proc/net/unix', 'utf8');
  const inode = / 00010000 [0-9]+ [0-9]+ ([0-9]+) [^\n]*activated\.sock$/m.exec(sockets)?.[1];
  const holders = await must([
    'sh',
    '-c',
    `ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c 'socket:.${inode}.'`,
  ]);
  expect(holders).toBe('1\n');
  await must([tiffinBinary, '-H', at, 'rm', '-f', id.trim()]);
});

async function certificates(): Promise<
  Record<'ca' | 'server' | 'serverKey' | 'client' | 'clientKey', string>
> {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => must(['openssl', ...args]);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=ca',
    '-keyout',
    at('ca-key'),
    '-out',
    at('ca'),
  );
  writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1\n');
  for (const name of ['server', 'client']) {
    await openssl(
      'req',
      ...key,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}-key`),
      '-out',
      at(`${name}-csr`),
    );
    await openssl(
      ...['x509', '-req', '-in', at(`${name}-csr`), '-CA', at('ca'), '-CAkey', at('ca-key')],
      ...['-CAcreateserial', '-days', '2', '-extfile', at('ext'), '-out', at(name)],
    );
  }
  return {
    ca: at('ca'),
    server: at('server'),
    serverKey: at('server-key'),
    client: at('client'),
    clientKey: at('client-key'),
  };
}
