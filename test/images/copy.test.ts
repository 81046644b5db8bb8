/** `cp` in both directions, of running and of stopped containers, by Tiffin's command line and by the stock docker client. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { must, type Result, TestEngine } from '../integration/harness.ts';

let engine: TestEngine;
let files: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  files = join(engine.directory, 'files');
  mkdirSync(join(files, 'src/sub'), { recursive: true });
  writeFileSync(join(files, 'src/one'), 'one\n');
  chownSync(join(files, 'src/one'), 1000, 1001);
  chmodSync(join(files, 'src/one'), 0o4751);
  symlinkSync('one', join(files, 'src/link'));
  writeFileSync(join(files, 'src/sub/two'), 'two\n');
  await engine.ok('run', '-d', '--name', 'live', '-v', 'jar:/vol', 'starter', 'sleep', '1000');
  await engine.ok('create', '--name', 'still', '-v', 'jar2:/vol', '-u', '7:8', 'starter', 'true');
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

type Client = (args: readonly string[], input?: Uint8Array) => Promise<Result>;
const clients: readonly [string, Client][] = [
  ['tiffin', (args, input) => engine.tiffin(args, input === undefined ? {} : { input })],
  ['docker', (args, input) => engine.docker(args, input === undefined ? {} : { input })],
];

for (const [name, client] of clients) {
  for (const container of ['live', 'still']) {
    test(`${name} cp into ${container} keeps modes, owners and links, and follows docker's rules on names`, async () => {
      const at = `/tmp/${name}`;
      for (const [from, to] of [
        ['src', at],
        ['src', at],
        ['src/.', `${at}/content`],
        ['src/one', '/vol/x'],
      ]) {
        expect(await client(['cp', join(files, from ?? ''), `${container}:${to}`])).toMatchObject({
          status: 0,
        });
      }
      const listed = await client(['cp', `${container}:${at}`, '-']);
      expect(listed.status).toBe(0);
      const names = (
        await must(['tar', 'tvf', '-'], { input: await tar(client, `${container}:${at}`) })
      )
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ').split(' '))
        .map(([mode, owner, , , , ...rest]) => `${mode} ${owner} ${rest.join(' ')}`);
      for (const line of [
        `-rwsr-x--x 1000/1001 ${name}/one`,
        `lrwxrwxrwx 0/0 ${name}/link -> one`,
        `-rwsr-x--x 1000/1001 ${name}/src/one`,
        `-rwsr-x--x 1000/1001 ${name}/content/one`,
      ]) {
        expect(names).toContain(line);
      }
    });

    test(`${name} cp out of ${container}: files, directories, links followed or not, missing ones`, async () => {
      const out = join(files, `out-${name}-${container}`);
      mkdirSync(out);
      const at = `${container}:/tmp/${name}`;
      for (const args of [
        [at, `${out}/`],
        [at, `${out}/renamed`],
        [`${at}/.`, out],
        [`${at}/link`, `${out}/kept`],
        ['-L', `${at}/link`, `${out}/followed`],
      ]) {
        expect(await client(['cp', ...args])).toMatchObject({ status: 0 });
      }
      expect(readFileSync(join(out, name, 'sub/two'), 'utf8')).toBe('two\n');
      expect(readFileSync(join(out, 'renamed/sub/two'), 'utf8')).toBe('two\n');
      expect(readFileSync(join(out, 'sub/two'), 'utf8')).toBe('two\n');
      expect(readlinkSync(join(out, 'kept'))).toBe('one');
      expect(lstatSync(join(out, 'followed')).isFile()).toBe(true);
      const missing = await client(['cp', `${container}:/nothing`, out]);
      expect(missing.status).toBe(1);
      // The client of API 1.41 has words of its own.
      expect(missing.stderr).toMatch(
        new RegExp(
          `Could not find the file /nothing in container ${container}|No such container:path: ${container}:/nothing`,
        ),
      );
      const nobody = await client(['cp', join(files, 'src/one'), 'nobody:/tmp']);
      expect(nobody.stderr).toMatch(/No such container:( nobody|path: nobody:\/)/);
      const followed = await client(['cp', '-L', `${container}:/nothing`, out]);
      expect(followed.status).toBe(1);
    });

    test(`${name} cp of a tar stream into ${container}, with its user's ids when asked`, async () => {
      const archive = Bun.spawnSync(['tar', '-C', files, '-cf', '-', 'src']).stdout;
      expect(await client(['cp', '-', `${container}:/vol`], archive)).toMatchObject({ status: 0 });
      const refused = await client(['cp', '-', `${container}:/vol/x`], archive);
      expect(refused.stderr).toContain('must be a directory');
      await client(['cp', '-a', join(files, 'src/one'), `${container}:/vol/mine`]);
      const listed = await must(['tar', 'tvf', '-'], {
        input: await tar(client, `${container}:/vol/mine`),
      });
      expect(listed).toContain(container === 'still' ? ' 7/8 ' : ' 0/0 ');
    });

    test(`${name} cp refuses to turn a directory of ${container} into a file`, async () => {
      await client(['cp', join(files, 'src'), `${container}:/tmp/kind`]);
      const archive = Bun.spawnSync([
        'tar',
        '-C',
        join(files, 'src'),
        '--transform=s/one/kind/',
        '-cf',
        '-',
        'one',
      ]).stdout;
      const result = await client(['cp', '-', `${container}:/tmp`], archive);
      expect(result.status).toBe(1);
      expect(result.stderr).toContain('cannot overwrite directory "kind" with non-directory');
    });
  }
}

test('import, load and cp take archives that xz has compressed', async () => {
  const packed = async (script: string) =>
    Buffer.from(await new Response(Bun.spawn(['sh', '-c', script]).stdout).arrayBuffer());
  const source = `tar -C ${files} -c src | xz`;
  for (const [, client] of clients) {
    const id = (await client(['import', '-'], await packed(source))).stdout.trim();
    expect(id).toMatch(/^sha256:/);
    expect(await engine.ok('image', 'inspect', '-f', '{{len .RootFS.Layers}}', id)).toBe('1');
    await engine.ok('rmi', id);
    const into = await client(['cp', '-', 'live:/tmp'], await packed(source));
    expect(into).toMatchObject({ status: 0 });
    expect(await engine.ok('exec', 'live', 'cat', '/tmp/src/sub/two')).toBe('two');
    await engine.ok('exec', 'live', 'rm', '-r', '/tmp/src');
  }
  const saved = join(engine.directory, 'saved.tar');
  await engine.ok('save', '-o', saved, 'starter');
  const loaded = await engine.tiffin(['load'], { input: await packed(`xz -0 -c ${saved}`) });
  expect(loaded.stdout).toContain('Loaded image: starter');
});

test('a link of the container leads nowhere but into the container, both ways', async () => {
  const secret = join(files, 'secret');
  mkdirSync(secret);
  writeFileSync(join(secret, 'key'), 'host\n');
  const script = `mkdir -p ${secret}; echo inner > ${secret}/key; ln -s ${secret} /trap; ln -s ../../../..${secret} /trap2`;
  for (const container of ['live', 'gone']) {
    if (container === 'live') await engine.ok('exec', 'live', 'sh', '-c', script);
    else await engine.ok('run', '--name', 'gone', 'starter', 'sh', '-c', script);
    for (const trap of ['trap', 'trap2']) {
      const read = await engine.tiffin(['cp', `${container}:/${trap}/key`, join(files, 'read')]);
      expect(read.status).toBe(0);
      expect(readFileSync(join(files, 'read'), 'utf8')).toBe('inner\n');
      await engine.ok('cp', join(files, 'src/one'), `${container}:/${trap}/new`);
      expect(existsSync(join(secret, 'new'))).toBe(false);
    }
  }
});

test('cp while a path is exchanged for a link again and again never reaches the host', async () => {
  const host = join(files, 'target');
  mkdirSync(host);
  writeFileSync(join(host, 'key'), 'host\n');
  const race = `mkdir -p /a/real ${host}; echo inner > /a/real/key; echo inner > ${host}/key; ln -s ${host} /a/l; mkdir /a/d; echo inner > /a/d/key;
    while :; do mv /a/d /a/x; mv /a/l /a/d; mv /a/d /a/l; mv /a/x /a/d; done`;
  await engine.ok('run', '-d', '--name', 'race', 'starter', 'sh', '-c', race);
  for (let round = 0; round < 40; round += 1) {
    const result = await engine.tiffin(['cp', 'race:/a/d/key', join(files, 'raced')]);
    if (result.status === 0) expect(readFileSync(join(files, 'raced'), 'utf8')).toBe('inner\n');
    await engine.tiffin(['cp', join(files, 'src/one'), 'race:/a/d/key2']);
    expect(existsSync(join(host, 'key2'))).toBe(false);
  }
  await engine.ok('rm', '-f', 'race');
});

test('programs and libraries of the container are not used to copy', async () => {
  const trojan =
    'for n in tar gzip xz zstd unpigz; do printf "#!/bin/sh\\ntouch /owned\\n" > /bin/$n; chmod +x /bin/$n; done';
  await engine.ok('run', '-d', '--name', 'trojan', 'starter', 'sh', '-c', `${trojan}; sleep 1000`);
  while ((await engine.tiffin(['exec', 'trojan', 'test', '-x', '/bin/unpigz'])).status !== 0);
  const archive = Bun.spawnSync(['tar', '-C', files, '-czf', '-', 'src']).stdout;
  expect((await engine.tiffin(['cp', '-', 'trojan:/tmp'], { input: archive })).status).toBe(0);
  expect((await engine.tiffin(['cp', 'trojan:/tmp/src', join(files, 'back')])).status).toBe(0);
  expect((await engine.tiffin(['exec', 'trojan', 'test', '-e', '/owned'])).status).toBe(1);
  await engine.ok('rm', '-f', 'trojan');
});

test('cp into a read-only root or volume is refused', async () => {
  await engine.ok(
    'create',
    '--name',
    'sealed',
    '--read-only',
    '-v',
    'jar3:/ro:ro',
    'starter',
    'true',
  );
  const one = join(files, 'src/one');
  expect((await engine.tiffin(['cp', one, 'sealed:/tmp'])).stderr).toContain(
    'rootfs is marked read-only',
  );
  expect((await engine.tiffin(['cp', one, 'sealed:/ro'])).stderr).toContain(
    'volume is marked read-only',
  );
});

async function tar(client: Client, from: string): Promise<string> {
  const result = await client(['cp', from, '-']);
  expect(result.status).toBe(0);
  return result.stdout;
}
