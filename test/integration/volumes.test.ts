/** Volumes and mounts through the stock docker client, seen from inside of the container and on the host. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { must, TestEngine, until } from './harness.ts';

let engine: TestEngine;
let files: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  files = mkdtempSync(join(engine.directory, 'files-'));
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

async function docker(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await engine.client(args);
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${status}\n${stdout}${stderr}`);
  return stdout.replace(/\n$/, '');
}

async function failure(...args: string[]): Promise<string> {
  const { status, stderr } = await engine.client(args);
  return status === 0 ? 'it worked' : stderr;
}

const isMounted = (path: string) =>
  readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);
const dataOf = (volume: string) => join(engine.dataRoot, 'volumes', volume, '_data');

test('a volume subpath shows only what is below it', async () => {
  await docker(
    'run',
    '--rm',
    '-v',
    'jar:/v',
    'starter',
    'sh',
    '-c',
    'mkdir -p /v/a/b && echo deep > /v/a/b/f',
  );
  const mount = (subpath: string) => [
    '--mount',
    `type=volume,src=jar,dst=/d,volume-subpath=${subpath}`,
  ];
  expect(await docker('run', '--rm', ...mount('a/b'), 'starter', 'cat', '/d/f')).toBe('deep');
  expect(await docker('run', '--rm', ...mount('a/b/f'), 'starter', 'cat', '/d')).toBe('deep');
  expect(await failure('run', '--rm', ...mount('none'), 'starter', 'true')).toContain('is missing');
  for (const out of ['../x', '/etc', 'a/../../x']) {
    expect(await failure('create', ...mount(out), 'starter', 'true')).toContain(
      'subpath must be a relative path within the volume',
    );
  }
});

test('a volume subpath that a container made a link leads nowhere outside of the volume', async () => {
  const secret = join(files, 'secret');
  mkdirSync(secret);
  writeFileSync(join(secret, 'f'), 'secret');
  await docker('volume', 'create', 'trap');
  for (const [name, target] of [
    ['absolute', secret],
    ['up', '../../../files'],
    ['magic', '/proc/self/root'],
  ] as const) {
    symlinkSync(target, join(dataOf('trap'), name));
    const mount = ['--mount', `type=volume,src=trap,dst=/d,volume-subpath=${name}`];
    expect(await failure('run', '--rm', ...mount, 'starter', 'ls', '/d')).toContain(
      'cannot access path',
    );
  }
  mkdirSync(join(dataOf('trap'), 'real'));
  symlinkSync('real', join(dataOf('trap'), 'inner'));
  await docker(
    'run',
    '--rm',
    '--mount',
    'type=volume,src=trap,dst=/d,volume-subpath=inner',
    'starter',
    'touch',
    '/d/made',
  );
  expect(existsSync(join(dataOf('trap'), 'real/made'))).toBe(true);
});

test('an image can be mounted, whole or in part, with changes that go with the container', async () => {
  const mount = ['--mount', 'type=image,src=starter,dst=/img'];
  const script = 'ls /img/bin/sh && echo x > /img/new && cat /img/new';
  expect(await docker('run', '--name', 'holder', ...mount, 'starter', 'sh', '-c', script)).toBe(
    '/img/bin/sh\nx',
  );
  expect(
    await docker('run', '--rm', ...mount, 'starter', 'sh', '-c', 'ls /img/new 2>&1 || true'),
  ).toContain('No such file');
  expect(
    await failure(
      'run',
      '--rm',
      '--mount',
      'type=image,src=starter,dst=/img,ro',
      'starter',
      'touch',
      '/img/x',
    ),
  ).toContain('Read-only');
  const part = ['--mount', 'type=image,src=starter,dst=/img,image-subpath=bin'];
  expect(await docker('run', '--rm', ...part, 'starter', 'ls', '/img/sh')).toBe('/img/sh');
  expect(
    await docker(
      'inspect',
      '-f',
      '{{(index .Mounts 0).Type}} {{(index .Mounts 0).Name}}',
      'holder',
    ),
  ).toBe('image starter');
  expect(
    await failure('create', '--mount', 'type=image,src=nothing:1,dst=/img', 'starter', 'true'),
  ).toContain('No such image: nothing:1');
  await docker('rm', 'holder');
});

test('a tmpfs volume is mounted with its first container, shared, and unmounted with its last', async () => {
  await docker(
    'volume',
    'create',
    '-o',
    'type=tmpfs',
    '-o',
    'device=tmpfs',
    '-o',
    'o=size=5m,uid=1000',
    'memory',
  );
  const path = dataOf('memory');
  await docker('run', '-d', '--name', 'first', '-v', 'memory:/m', 'starter', 'sleep', '1000');
  expect(isMounted(path)).toBe(true);
  await docker('exec', 'first', 'sh', '-c', 'echo shared > /m/f');
  expect(
    await docker(
      'run',
      '--rm',
      '-v',
      'memory:/m',
      'starter',
      'sh',
      '-c',
      'cat /m/f; stat -c %u /m; df -k /m | tail -1',
    ),
  ).toMatch(/^shared\n1000\ntmpfs +5120/);
  expect(isMounted(path)).toBe(true);
  // The next engine keeps it for the container that runs, and lets go of it at that one's end.
  await engine.kill();
  await engine.serve();
  expect(await docker('exec', 'first', 'cat', '/m/f')).toBe('shared');
  expect(await failure('volume', 'rm', 'memory')).toContain('volume is in use - [');
  await docker('rm', '-f', 'first');
  await until('the volume is unmounted', () => !isMounted(path));
  await docker('volume', 'rm', 'memory');
});

test('a bind volume shows its device, and its removal leaves the files alone', async () => {
  const device = join(files, 'device');
  mkdirSync(device);
  writeFileSync(join(device, 'kept'), 'kept');
  await docker(
    'volume',
    'create',
    '-o',
    'type=none',
    '-o',
    `device=${device}`,
    '-o',
    'o=bind',
    'shown',
  );
  expect(await docker('run', '--rm', '-v', 'shown:/d', 'starter', 'cat', '/d/kept')).toBe('kept');
  await docker('volume', 'rm', 'shown');
  expect(readFileSync(join(device, 'kept'), 'utf8')).toBe('kept');
  await docker(
    'volume',
    'create',
    '-o',
    'type=none',
    '-o',
    `device=${device}/absent`,
    '-o',
    'o=bind',
    'lost',
  );
  expect(await failure('run', '--rm', '-v', 'lost:/d', 'starter', 'true')).toContain(
    "error while mounting volume '",
  );
  const text = [
    '--mount',
    `type=volume,dst=/d,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=${device}`,
  ];
  expect(await docker('run', '--rm', ...text, 'starter', 'cat', '/d/kept')).toBe('kept');
});

test('docker volume create refuses options that the local driver does not have', async () => {
  const create = (...options: string[]) =>
    failure('volume', 'create', ...options.flatMap((option) => ['-o', option]), 'bad');
  expect(await create('foo=bar')).toContain('create bad: invalid option: "foo"');
  expect(await create('size=10G')).toContain('quota size requested but no quota support');
  expect(await create('type=tmpfs')).toContain('create bad: missing required option: "device"');
  expect(await create('device=tmpfs')).toContain('create bad: missing required option: "type"');
  expect(await create('type=none', 'o=bind', 'device=a/b')).toContain('must be an absolute path');
});

test('idmap shows files of the owner of a bind as those of the user of the container, and writes them as theirs', async () => {
  const home = join(files, 'home');
  mkdirSync(home);
  chownSync(home, 1000, 1000);
  writeFileSync(join(home, 'theirs'), '');
  chownSync(join(home, 'theirs'), 1000, 1000);
  writeFileSync(join(home, 'roots'), '');
  const look = 'stat -c "%u %g" /d/theirs /d/roots; touch /d/made-$1';
  const run = (name: string, ...options: string[]) =>
    docker('run', '--rm', ...options, 'starter', 'sh', '-c', look, 'sh', name);
  expect(await run('root', '-v', `${home}:/d:idmap`)).toBe('0 0\n65534 65534');
  expect(await run('user', '-u', '7:8', '-v', `${home}:/d:idmap`)).toBe('7 8\n0 0');
  for (const name of ['made-root', 'made-user']) {
    const { uid, gid } = statSync(join(home, name));
    expect([name, uid, gid]).toEqual([name, 1000, 1000]);
  }
  expect(await run('map', '-v', `${home}:/d:idmap=uids=1000-0-1#0-5-1;gids=1000-0-1#0-6-1`)).toBe(
    '0 0\n5 6',
  );
  expect(
    await failure('create', '-u', 'games', '-v', `${home}:/d:idmap`, 'starter', 'true'),
  ).toContain('idmap needs a user by number');
  expect(await failure('create', '-v', `${home}:/d:idmap=uids=x`, 'starter', 'true')).toContain(
    'invalid idmap',
  );
});

test('propagation of a bind shows later mounts on the sides it says', async () => {
  const point = join(files, 'point');
  mkdirSync(point);
  const bind = (kind: string) => ['-v', `${point}:/d:${kind}`];
  expect(await failure('run', '--rm', ...bind('rshared'), 'starter', 'true')).toContain(
    'but it is not a shared mount',
  );
  await must(['mount', '-t', 'tmpfs', 'tmpfs', point]);
  try {
    await must(['mount', '--make-shared', point]);
    mkdirSync(join(point, 'in'));
    mkdirSync(join(point, 'out'));
    const seen = 'mount -t tmpfs tmpfs /d/in && echo ready && read x && ls /d/out';
    for (const [kind, back, forth] of [
      ['rshared', true, 'seen'],
      ['rslave', false, 'seen'],
      ['rprivate', false, ''],
    ] as const) {
      const options = ['--privileged', '--name', kind, '-i', ...bind(kind)];
      await docker('create', ...options, 'starter', 'sh', '-c', seen);
      await docker('start', kind);
      await until(
        'the container has mounted',
        async () => (await docker('logs', kind)) === 'ready',
      );
      expect([kind, isMounted(join(point, 'in'))]).toEqual([kind, back]);
      await must(['mount', '-t', 'tmpfs', 'tmpfs', join(point, 'out')]);
      writeFileSync(join(point, 'out/seen'), '');
      await engine.client(['attach', kind], { input: 'go\n' });
      expect([kind, await docker('logs', kind)]).toEqual([kind, `ready\n${forth}`.trim()]);
      await must(['umount', join(point, 'out')]);
      if (back) await must(['umount', join(point, 'in')]);
      await docker('rm', '-f', kind);
    }
  } finally {
    await must(['umount', '-R', point]);
  }
});

test('shared memory is joined with --ipc container of a shareable container only', async () => {
  await docker(
    'run',
    '-d',
    '--name',
    'donor',
    '--ipc',
    'shareable',
    '--shm-size',
    '8m',
    'starter',
    'sh',
    '-c',
    'echo seen > /dev/shm/f; exec sleep 1000',
  );
  const look = ['starter', 'sh', '-c', 'cat /dev/shm/f; df -k /dev/shm | tail -1'];
  expect(await docker('run', '--rm', '--ipc', 'container:donor', ...look)).toMatch(
    /^seen\nshm +8192/,
  );
  await docker('run', '-d', '--name', 'closed', 'starter', 'sleep', '1000');
  expect(await failure('run', '--rm', '--ipc', 'container:closed', ...look)).toContain(
    'non-shareable IPC (hint: use IpcMode:shareable for the donor container)',
  );
  const joined = ['--name', 'joined', '--ipc', 'container:donor', '--network', 'container:donor'];
  await docker('run', '-d', ...joined, 'starter', 'sleep', '1000');
  await docker('rm', '-f', 'donor', 'closed');
  expect(await docker('exec', 'joined', 'cat', '/dev/shm/f')).toBe('seen');
  await docker('rm', '-f', 'joined');
  await until(
    'no shared memory is mounted',
    () => !readFileSync('/proc/self/mountinfo', 'utf8').includes(`${engine.dataRoot}/containers/`),
  );
});

test('docker create refuses mounts in the words of docker', async () => {
  const cases: [string, string][] = [
    ['type=bind,dst=/d', 'field Source must not be empty'],
    ['type=bind,src=/nothing-here,dst=/d', 'bind source path does not exist: /nothing-here'],
    ['type=tmpfs,src=x,dst=/d', 'field Source must not be specified'],
    ['type=volume,dst=/d,volume-subpath=a', 'must not set Subpath when using anonymous volumes'],
    ['type=volume,src=x/y,dst=/d', 'includes invalid characters for a local volume name'],
  ];
  for (const [mount, words] of cases) {
    expect([mount, await failure('create', '--mount', mount, 'starter', 'true')]).toEqual([
      mount,
      expect.stringContaining(words),
    ]);
  }
  expect(await failure('create', '--volumes-from', 'nobody', 'starter', 'true')).toContain(
    'No such container: nobody',
  );
  expect(await failure('create', '--volumes-from', 'jar:x', 'starter', 'true')).toContain(
    'invalid mode for volumes-from',
  );
  rmSync(files, { recursive: true, force: true });
});
