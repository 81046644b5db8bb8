/** The command line of docker 1.0: what its talks showed and its reference listed, on today's engine. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, TestEngine, tiffinBinary, until } from '../integration/harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(() => engine[Symbol.asyncDispose]());

const warning = (old: string, instead: string) =>
  `Warning: '${old}' is deprecated, it will be replaced by '${instead}' soon. See usage.\n`;

/** A program on a terminal of its own, with what is typed there. */
function onTerminal(args: readonly string[], typed: string): Promise<string> {
  const words = [tiffinBinary, '-H', `unix://${engine.socket}`, ...args].map((word) => `'${word}'`);
  return must(['script', '-qec', words.join(' '), '/dev/null'], { input: typed });
}

test('run -i -t and run -it give a shell that is pid 1 and whose host name is the short id', async () => {
  for (const flags of [['-i', '-t'], ['-it'], ['-ti']]) {
    const said = await onTerminal(
      ['run', '--rm', ...flags, 'starter', 'sh'],
      'echo "pid=$$ host=$(hostname)"; tty; exit\n',
    );
    expect(said).toMatch(/pid=1 host=[0-9a-f]{12}\r/);
    expect(said).toContain('/dev/pts/0\r');
  }
});

test('run -d prints the id, inspect shows IPAddress and Ports, and -P publishes from 49153 on', async () => {
  const id = await engine.ok('run', '-d', '-P', '--expose', '6379', 'starter', 'sleep', '100');
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  const [inspected] = JSON.parse(await engine.ok('inspect', id));
  const { IPAddress, Ports } = inspected.NetworkSettings;
  expect(IPAddress).toMatch(/^(?:172|192|10)\.[0-9]+\.[0-9]+\.[0-9]+$/);
  const port = Number(Ports['6379/tcp'][0].HostPort);
  expect(Ports).toEqual({ '6379/tcp': [{ HostIp: '0.0.0.0', HostPort: String(port) }] });
  const [, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/);
  expect(port).toBeGreaterThanOrEqual(49153);
  expect(port).toBeLessThanOrEqual(Number(last));
  expect(await engine.ok('port', id, '6379')).toBe(`0.0.0.0:${port}`);
  const refused = await engine.tiffin(['port', id, '80']);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain("No public port '80' published for ");
});

test('old spellings of flags work, each with the warning of docker on standard error', async () => {
  const made = await engine.tiffin([
    ...['run', '-d', '-name', 'old', '-cpuset=0', '-privileged', '-dns', '10.0.0.53'],
    ...['-entrypoint', 'sleep', '-n=false', 'starter', '100'],
  ]);
  expect(made.stderr).toBe(
    [
      warning('-name', '--name'),
      warning('-cpuset', '--cpuset-cpus'),
      warning('-privileged', '--privileged'),
      warning('-dns', '--dns'),
      warning('-entrypoint', '--entrypoint'),
      warning('-n', '--network none'),
    ].join(''),
  );
  expect(made.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  const fields =
    '{{.Path}} {{.HostConfig.CpusetCpus}} {{.HostConfig.Privileged}} {{.HostConfig.Dns}} {{.HostConfig.NetworkMode}}';
  const shown = await engine.tiffin(['inspect', '-format', fields, 'old']);
  expect(shown).toEqual({
    status: 0,
    stdout: 'sleep 0 true [10.0.0.53] none\n',
    stderr: warning('-format', '--format'),
  });
  const listed = await engine.tiffin(['ps', '-notrunc', '-q', '--since', 'old']);
  expect(listed.stderr).toBe(
    warning('-notrunc', '--no-trunc') + warning('--since', '--filter since='),
  );
  expect(await engine.ok('ps', '-q', '--no-trunc', '--before-id', 'old')).not.toContain(
    made.stdout.trim(),
  );
  expect(await engine.tiffin(['rm', '-f', 'old'])).toMatchObject({ stderr: '' });
});

test('old spellings of commands work: rmimage is rmi, tag -f tags, and insert names its successor', async () => {
  const tagged = await engine.tiffin(['tag', '-f', 'starter', 'old/name:1']);
  expect(tagged).toEqual({
    status: 0,
    stdout: '',
    stderr: "Warning: '-f' is deprecated, it will be removed soon. See usage.\n",
  });
  const gone = await engine.tiffin(['rmimage', 'old/name:1']);
  expect(gone).toEqual({
    status: 0,
    stdout: 'Untagged: old/name:1\n',
    stderr: warning('rmimage', 'rmi'),
  });
  const insert = await engine.tiffin(['insert', 'starter', 'http://x/y', '/y']);
  expect(insert.status).toBe(1);
  expect(insert.stderr).toContain("printf 'FROM IMAGE\\nADD URL PATH\\n' | tiffin build -t NAME -");
});

test.each([
  [['images', '-viz'], '-viz: docker draws no trees of images any more'],
  [['images', '--tree'], '--tree: docker draws no trees of images any more'],
  [['commit', '-run={}', 'x'], '-run: settings of the image are given as instructions: --change'],
  [['run', '--lxc-conf', 'a=b', 'starter'], '--lxc-conf: no container is made with LXC any more'],
  [['attach', '-o=false', 'x'], '-o: all streams of the container are attached'],
] as const)(
  'what nothing takes the place of is refused with a sentence: %p',
  async (args, words) => {
    const result = await engine.tiffin(args);
    expect(result).toMatchObject({ status: 125, stdout: '' });
    expect(result.stderr.startsWith(words)).toBe(true);
  },
);

test('old spellings are in no help and no completion', async () => {
  const help = await engine.ok('run', '--help');
  for (const old of ['-networking', '-lxc-conf', '-cpuset ', ' -name', ' -rm']) {
    expect(help).not.toContain(old);
  }
  const offered = await engine.ok('__complete', 'ps', '--');
  expect(offered).toContain('--no-trunc');
  expect(offered).not.toContain('--since');
});

test.each([
  [
    ['run', '-d', '-a', 'stdout', 'starter'],
    'conflicting options: cannot specify both --attach and --detach',
  ],
  [['run', '-v', '/:/:ro', 'starter'], "destination can't be '/'"],
  [['run', '-v', '/', 'starter'], "destination can't be '/'"],
  [['run', '-w', 'tmp', 'starter'], "the working directory 'tmp' is invalid"],
  [['run', '--net', 'container:', 'starter'], 'container'],
  [['run', '--net', 'no-such', 'starter'], 'network no-such not found'],
  [['run', '--link', 'nobody:x', 'starter'], 'could not get container for nobody'],
] as const)(
  'conflicts of docker run are refused in the words of today: %p',
  async (args, words) => {
    const result = await engine.tiffin(args);
    expect(result.status).toBe(words.startsWith('conflicting') ? 1 : 125);
    expect(result.stderr).toContain(words);
  },
);

test('run --cidfile writes the id and refuses a file that is there', async () => {
  const file = join(engine.directory, 'cid');
  const id = await engine.ok(
    'run',
    '-d',
    '--cidfile',
    file,
    '-h',
    'one.example',
    'starter',
    'true',
  );
  expect(readFileSync(file, 'utf8')).toBe(id);
  const again = await engine.tiffin(['run', '--cidfile', file, 'starter', 'true']);
  expect(again.status).not.toBe(0);
  expect(again.stderr.toLowerCase()).toContain('container id file found');
});

test('run -h gives the whole name, which docker 1.0 split at its first dot', async () => {
  const names = ['sh', '-c', 'hostname; cat /proc/sys/kernel/domainname'];
  const shown = await engine.ok('run', '--rm', '-h', 'one.example', 'starter', ...names);
  expect(shown).toBe('one.example\n(none)');
});

test('run --env-file, -e NAME and -e NAME=value fill the environment in that order', async () => {
  const file = join(engine.directory, 'env');
  writeFileSync(file, '# comment\nA=file\nB=file\nPASSED\n');
  const result = await engine.tiffin(
    ['run', '--rm', '--env-file', file, '-e', 'B=flag', '-e', 'PASSED', 'starter', 'env'],
    { env: { PASSED: 'through' } },
  );
  expect(result.stdout.split('\n')).toEqual(
    expect.arrayContaining(['A=file', 'B=flag', 'PASSED=through']),
  );
  expect(result.stdout).toContain('HOSTNAME=');
});

test('attach, top, diff, logs, pause, wait and events follow one container', async () => {
  const id = await engine.ok('run', '-d', '-i', '--name', 'followed', 'starter', 'cat');
  const child = spawn(tiffinBinary, ['-H', `unix://${engine.socket}`, 'attach', 'followed']);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.write('hello\n');
  await until('cat answers', () => said === 'hello\n');
  expect(await engine.ok('top', 'followed')).toMatch(/CMD\n[^\n]*cat/);
  expect(await engine.ok('pause', 'followed')).toBe('followed');
  expect(await engine.ok('ps')).toContain('(Paused)');
  await engine.ok('unpause', 'followed');
  await engine.ok('exec', 'followed', 'touch', '/new');
  expect(await engine.ok('diff', 'followed')).toBe('A /new');
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await engine.ok('kill', '-s', 'KILL', 'followed');
  expect(await ended).toBe(137);
  expect(await engine.ok('wait', 'followed')).toBe('137');
  expect(await engine.ok('logs', 'followed')).toBe('hello');
  expect(await engine.ok('start', 'followed', 'followed')).toBe('followed\nfollowed');
  await engine.ok('rm', '-f', 'followed');
  const events = await engine.ok('events', '--since', '10m', '--until', '0s');
  const actions = events.split('\n').filter((line) => line.includes(id));
  const words = actions.map((line) => line.split(' ')[2]);
  for (const word of ['create', 'start', 'attach', 'pause', 'unpause', 'die', 'destroy']) {
    expect(words).toContain(word);
  }
});

test('pull, run, change, commit and push go round and round with a registry of one’s own', async () => {
  await using registry = await openRegistry(18_491);
  const name = `${registry.host}/lunch/box`;
  await engine.ok('tag', 'starter', name);
  await engine.ok('push', name);
  for (const round of ['1', '2', '3']) {
    await engine.ok('rmi', '-f', name);
    await engine.ok('pull', name);
    const before = Array.from({ length: Number(round) - 1 }, (_, at) => `round ${at + 1}`);
    expect(await engine.ok('run', '--rm', name, 'sh', '-c', 'cat /rounds 2>/dev/null; true')).toBe(
      before.join('\n'),
    );
    const change = ['sh', '-c', `echo round ${round} >> /rounds`];
    const id = await engine.ok('run', '-d', name, ...change);
    await engine.ok('wait', id);
    const image = await engine.ok('commit', '-m', `round ${round}`, '-author', 'ann', id, name);
    expect(image).toMatch(/^sha256:[0-9a-f]{64}$/);
    await engine.ok('push', name);
  }
  expect(await engine.ok('history', '--format', '{{.Comment}}', name)).toMatch(
    /^round 3\nround 2\nround 1/,
  );
});

interface Registry extends AsyncDisposable {
  host: string;
}

async function openRegistry(port: number): Promise<Registry> {
  const config = join(engine.directory, 'registry.yml');
  const root = join(engine.directory, 'registry');
  writeFileSync(
    config,
    `version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ${root}\nhttp:\n  addr: 127.0.0.1:${port}\n`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const host = `127.0.0.1:${port}`;
  await until('the registry answers', async () => {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    return answer?.ok === true;
  });
  return {
    host,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
