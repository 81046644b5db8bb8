// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a shell are what is tested
/** `build`, by Tiffin's command line and by the stock docker client: files, cache, mounts, outputs, failures. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, type Result, type RunOptions, TestEngine } from '../integration/harness.ts';
import { startRegistry } from './registry.ts';
import { serveRepository } from './repository.ts';

let engine: TestEngine;
let scratch: string;
let context: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  scratch = mkdtempSync(join(tmpdir(), 'tiffin-build-test-'));
});
beforeEach(() => {
  context = mkdtempSync(join(scratch, 'context-'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

/** Files of the context by path, the Dockerfile among them. */
function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(context, path, '..'), { recursive: true });
    writeFileSync(join(context, path), text);
  }
}

function build(args: readonly string[] = [], options: RunOptions = {}): Promise<Result> {
  return engine.tiffin(['build', '--progress', 'plain', ...args, context], options);
}

async function built(args: readonly string[] = [], options: RunOptions = {}): Promise<Result> {
  const result = await build(args, options);
  if (result.status !== 0) throw new Error(result.stderr);
  return result;
}

/** Builds the context and prints what `script` says in a container of it. */
async function seen(script: string, args: readonly string[] = []): Promise<string> {
  const result = await built(['-q', ...args]);
  return engine.ok('run', '--rm', result.stdout.trim(), 'sh', '-c', script);
}

const dockerBuild = (args: readonly string[]) =>
  engine.docker(['build', ...args], { env: { DOCKER_BUILDKIT: '0' } });

test('build copies between stages, leaves out unused ones, and sets what the image says', async () => {
  write({
    Dockerfile: [
      'ARG WORD=hello',
      'FROM starter AS made',
      'ARG WORD',
      'WORKDIR /src',
      'COPY . .',
      'RUN echo "$WORD $(cat a.txt)" > out && chmod 640 out && chown 3:4 out',
      'FROM starter AS never',
      'RUN exit 9',
      'FROM starter',
      'ENV A=1 B="x y"',
      'COPY --from=made /src/out /result/',
      'LABEL k=v',
      'EXPOSE 80/udp',
      'USER 3',
      'STOPSIGNAL SIGQUIT',
      'ENTRYPOINT ["cat"]',
      'CMD ["/result/out"]',
    ].join('\n'),
    'a.txt': 'there',
  });
  await built(['-t', 'multi:1', '-t', 'multi:2', '--build-arg', 'WORD=hi', '--label', 'l=m']);
  expect(await engine.ok('run', '--rm', 'multi:2')).toBe('hi there');
  const stat = ['--entrypoint', 'stat', 'multi:1', '-c', '%a %u:%g', '/result/out'];
  expect(await engine.ok('run', '--rm', ...stat)).toBe('640 3:4');
  const [image] = JSON.parse(await engine.ok('inspect', 'multi:1'));
  expect(image.Config).toMatchObject({
    User: '3',
    ExposedPorts: { '80/udp': {} },
    Labels: { k: 'v', l: 'm' },
    StopSignal: 'SIGQUIT',
    Entrypoint: ['cat'],
    Cmd: ['/result/out'],
  });
  expect(image.Config.Env).toEqual(expect.arrayContaining(['A=1', 'B=x y']));
});

test('docker build answers as the classic builder does, and gives the same image as tiffin build', async () => {
  write({ Dockerfile: 'FROM starter\nCOPY a /a\nRUN cat /a\nCMD ["true"]\n', a: 'content\n' });
  const result = await dockerBuild(['-t', 'classic', context]);
  expect(result.stdout).toContain('Step 1/4 : FROM starter\n');
  expect(result.stdout).toContain('Step 3/4 : RUN cat /a\n ---> Running in ');
  expect(result.stdout).toContain('content\n ---> Removed intermediate container ');
  const id = /Successfully built ([0-9a-f]{12})\nSuccessfully tagged classic:latest\n$/.exec(
    result.stdout,
  )?.[1];
  const again = await dockerBuild(['-t', 'classic', context]);
  expect(again.stdout).toContain('Step 3/4 : RUN cat /a\n ---> Using cache\n');
  const own = await built(['-q']);
  expect(own.stdout.slice(7, 19)).toBe(id ?? '');
  const quiet = await dockerBuild(['-q', context]);
  expect(quiet.stdout.trim()).toBe(own.stdout.trim());
});

test('COPY takes directories, wildcards, owners, modes, exclusions and heredocs as docker does', async () => {
  write({
    Dockerfile: [
      'FROM starter',
      'WORKDIR /w',
      'COPY d /tree',
      'COPY *.txt d/sub /flat/',
      'COPY one.txt renamed',
      'COPY --chown=7:8 --chmod=u=rw,go= one.txt /owned/x',
      'COPY --exclude=**/*.log d /clean/',
      'COPY --parents d/sub/./deep/f d/top /par/',
      'COPY <<EOF <<"RAW" /here/',
      'w=$HOSTVAR',
      'EOF',
      'w=$HOSTVAR',
      'RAW',
      'COPY --link one.txt /l/',
    ].join('\n'),
    'one.txt': '1',
    'two.txt': '2',
    'd/top': 't',
    'd/a.log': 'l',
    'd/sub/deep/f': 'f',
    'd/sub/b.log': 'l',
  });
  const script =
    'find /tree /flat /clean /par /here /l /w -type f | sort; stat -c "%a %u:%g" /owned/x; cat /here/EOF /here/RAW';
  expect((await seen(script)).split('\n')).toEqual([
    '/clean/sub/deep/f',
    '/clean/top',
    '/flat/b.log',
    '/flat/deep/f',
    '/flat/one.txt',
    '/flat/two.txt',
    '/here/EOF',
    '/here/RAW',
    '/l/one.txt',
    '/par/d/top',
    '/par/deep/f',
    '/tree/a.log',
    '/tree/sub/b.log',
    '/tree/sub/deep/f',
    '/tree/top',
    '/w/renamed',
    '600 7:8',
    'w=',
    'w=$HOSTVAR',
  ]);
});

test('COPY follows links only inside of the context and inside of the image', async () => {
  const outside = join(scratch, 'outside');
  writeFileSync(outside, 'a secret of the host');
  write({
    Dockerfile:
      'FROM starter\nRUN ln -s / /up && ln -s /real /link && mkdir /real && ln -s ../../../../../../etc /esc\nCOPY good /g\nCOPY f /link/\nCOPY f /esc/x/../y/\nCOPY f /up/f2\n',
    f: 'f',
    'in/side': 'inside',
  });
  symlinkSync('in/side', join(context, 'good'));
  symlinkSync(outside, join(context, 'bad'));
  symlinkSync('../../../../../../../../../../etc/shadow', join(context, 'worse'));
  const script = 'cat /g; ls -d /real/f /f2 /etc/y/f; test -L /link && echo link';
  expect(await seen(script)).toBe('inside/etc/y/f\n/f2\n/real/f\nlink');
  for (const name of ['bad', 'worse']) {
    write({ Dockerfile: `FROM starter\nCOPY ${name} /x\n` });
    const result = await build();
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(`"/${name}": not found`);
  }
});

test('COPY refuses names that would remove files of the layers below', async () => {
  write({ Dockerfile: 'FROM starter\nCOPY d /etc/\n', 'd/.wh.passwd': '' });
  const result = await build();
  expect(result.status).toBe(1);
  expect(result.stderr).toContain('cannot copy ".wh.passwd"');
});

test('ADD unpacks local archives, and takes files from addresses with their digest', async () => {
  write({ 'd/f': 'packed', Dockerfile: '' });
  await must(['tar', '-C', context, '-czf', join(context, 'a.tgz'), 'd']);
  await must(['tar', '-C', context, '-cJf', join(context, 'b.txz'), 'd']);
  using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response('fetched'),
  });
  const url = `http://127.0.0.1:${server.port}/dir/file.bin`;
  const sha = new Bun.CryptoHasher('sha256').update('fetched').digest('hex');
  write({
    Dockerfile: `FROM starter\nADD a.tgz /x/\nADD b.txz /w/\nCOPY a.tgz /y/\nADD --checksum=sha256:${sha} ${url} /z/\n`,
  });
  const script = 'cat /x/d/f /w/d/f; ls /y; cat /z/file.bin; stat -c %a /z/file.bin';
  expect(await seen(script)).toBe('packedpackeda.tgz\nfetched600');
  write({ Dockerfile: `FROM starter\nADD --checksum=sha256:${'0'.repeat(64)} ${url} /z\n` });
  const wrong = await build();
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('digest mismatch');
});

test('a context comes as an archive on standard input, or as a Dockerfile alone', async () => {
  write({ Dockerfile: 'FROM starter\nCOPY f /\n', 'other/F': 'FROM starter\nCOPY f /o\n', f: 'f' });
  const tar = Buffer.from(
    await new Response(Bun.spawn(['tar', '-C', context, '-c', '.']).stdout).arrayBuffer(),
  );
  const whole = await engine.tiffin(['build', '-q', '-'], { input: tar });
  expect(await engine.ok('run', '--rm', whole.stdout.trim(), 'ls', '/f')).toBe('/f');
  const other = await engine.tiffin(['build', '-q', '-f', 'other/F', '-'], { input: tar });
  expect(await engine.ok('run', '--rm', other.stdout.trim(), 'ls', '/o')).toBe('/o');
  const alone = await engine.tiffin(['build', '-q', '-'], {
    input: 'FROM starter\nRUN echo > /only\n',
  });
  expect(await engine.ok('run', '--rm', alone.stdout.trim(), 'ls', '/only')).toBe('/only');
  const docker = await engine.docker(['build', '-q', '-'], {
    env: { DOCKER_BUILDKIT: '0' },
    input: 'FROM starter\nRUN echo > /only\n',
  });
  expect(docker.stdout).toBe(alone.stdout);
  const inside = await engine.tiffin(['build', '-q', '-f', '-', context], {
    input: 'FROM starter\nCOPY f /std\n',
  });
  expect(await engine.ok('run', '--rm', inside.stdout.trim(), 'ls', '/std')).toBe('/std');
});

test('ignore files leave paths out, and one of the Dockerfile comes before that of the context', async () => {
  write({
    Dockerfile: 'FROM starter\nCOPY . /c/\n',
    '.dockerignore': '*\n!keep\n!Dockerfile\n',
    'D2.dockerignore': 'keep\n',
    D2: 'FROM starter\nCOPY . /c/\n',
    keep: 'k',
    drop: 'd',
  });
  expect(await seen('ls -A /c')).toBe('Dockerfile\nkeep');
  const second = await seen('ls -A /c', ['-f', join(context, 'D2')]);
  expect(second.split('\n')).not.toContain('keep');
  expect(second.split('\n')).toContain('drop');
});

test('secrets reach a RUN as file and as variable, and nothing of them stays', async () => {
  write({
    Dockerfile:
      'FROM starter\nRUN --mount=type=secret,id=file wc -c < /run/secrets/file\nRUN --mount=type=secret,id=var,env=VALUE test ! -e /run/secrets/var && echo "${#VALUE} letters"\nRUN --mount=type=secret,id=var,env=VALUE,target=/both,uid=5 test "$(cat /both)" = "$VALUE" && stat -c %u:%a /both\n',
    'secret.txt': 'needle-in-file',
    '.dockerignore': 'secret.txt',
  });
  const secrets = [
    '--secret',
    `id=file,src=${context}/secret.txt`,
    '--secret',
    'id=var,env=NEEDLE',
  ];
  const result = await built(['-t', 'secretive', ...secrets], { env: { NEEDLE: 'needle-in-env' } });
  expect(result.stderr).toContain(' 14\n');
  expect(result.stderr).toContain(' 13 letters\n');
  expect(result.stderr).toContain(' 5:400\n');
  const saved = join(scratch, 'saved.tar');
  await engine.ok('save', '-o', saved, 'secretive');
  expect(readFileSync(saved).includes('needle-in')).toBe(false);
  const found = await engine.tiffin(['run', '--rm', 'secretive', 'sh', '-c', 'ls /run/secrets/*']);
  expect(found.status).not.toBe(0);
  const grep = Bun.spawnSync([
    'grep',
    '-rlaE',
    'needle-in-(env|file)',
    engine.dataRoot,
    engine.execRoot,
  ]);
  expect(grep.stdout.toString()).toBe('');
  write({ Dockerfile: 'FROM starter\nRUN --mount=type=secret,id=gone,required true\n' });
  expect((await build()).stderr).toContain('secret gone: not found');
});

test('cache mounts persist between builds, tmpfs and bind mounts leave nothing', async () => {
  write({
    Dockerfile:
      'FROM starter\nARG N\nRUN --mount=type=cache,target=/c,id=persist echo $N >> /c/log && cp /c/log /copy\nRUN --mount=target=/ctx,rw --mount=type=tmpfs,target=/t touch /ctx/new /t/new && ls /ctx > /seen\n',
    f: 'f',
  });
  await built(['-q', '--build-arg', 'N=1']);
  const script = 'cat /copy; cat /seen; ls -A /c /ctx /t 2>/dev/null | grep -v : || true';
  expect(await seen(script, ['--build-arg', 'N=2'])).toBe('1\n2\nDockerfile\nf\nnew');
  expect(existsSync(join(context, 'new'))).toBe(false);
});

test('the cache survives the engine, notices changed content, and can be passed over', async () => {
  write({
    Dockerfile: 'FROM starter\nCOPY f /f\nRUN cat /proc/sys/kernel/random/uuid > /id\n',
    f: '1',
  });
  const first = (await built(['-q'])).stdout;
  await engine.stop();
  await engine.serve();
  expect((await built(['-q'])).stdout).toBe(first);
  const shown = await built();
  expect(shown.stderr.match(/ CACHED\n/g)?.length).toBe(3);
  await must(['touch', join(context, 'f')]);
  expect((await built(['-q'])).stdout).toBe(first);
  expect((await built(['-q', '--no-cache'])).stdout).not.toBe(first);
  write({ f: '2' });
  expect((await built(['-q'])).stdout).not.toBe(first);
});

test('the same input gives the same image with SOURCE_DATE_EPOCH', async () => {
  write({
    Dockerfile: 'FROM starter\nWORKDIR /w\nCOPY f .\nRUN echo x > made && mkdir -p deep/er\n',
    f: 'f',
  });
  const env = { SOURCE_DATE_EPOCH: '1700000000' };
  const first = await built(['-q', '--no-cache'], { env });
  const second = await built(['-q', '--no-cache'], { env });
  expect(second.stdout).toBe(first.stdout);
  const [image] = JSON.parse(await engine.ok('inspect', first.stdout.trim()));
  expect(image.Created).toBe('2023-11-14T22:13:20Z');
});

test('builds and stages run side by side', async () => {
  const meet = (mine: string, other: string) =>
    `RUN --mount=type=cache,target=/m,id=meet-${scratch.slice(-6)} touch /m/${mine}; for i in $(seq 500); do test -e /m/${other} && exit 0; sleep 0.02; done; exit 1`;
  write({
    Dockerfile: `FROM starter AS a\n${meet('a', 'b')}\nFROM starter AS b\n${meet('b', 'a')}\nFROM starter\nCOPY --from=a /etc/group /a\nCOPY --from=b /etc/group /b\n`,
  });
  await built();
  write({ Dockerfile: 'FROM starter\nRUN echo same > /same\nRUN echo more > /more\n' });
  const several = await Promise.all([1, 2, 3, 4].map(() => built(['-q'])));
  expect(several.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
});

test('ONBUILD triggers run in the image that is built on them', async () => {
  write({
    Dockerfile: 'FROM starter\nONBUILD COPY f /triggered\nONBUILD RUN cat /triggered > /twice\n',
    f: 't',
  });
  await built(['-t', 'with-triggers']);
  write({ Dockerfile: 'FROM with-triggers\n' });
  expect(await seen('cat /triggered /twice')).toBe('tt');
  const [image] = JSON.parse(await engine.ok('inspect', 'with-triggers'));
  expect(image.Config.OnBuild).toEqual(['COPY f /triggered', 'RUN cat /triggered > /twice']);
});

test('a failing RUN gives docker’s words and status, with the lines of the Dockerfile', async () => {
  write({ Dockerfile: 'FROM starter\n\nRUN echo before; exit 7\n' });
  const own = await build();
  expect(own.status).toBe(1);
  expect(own.stderr).toContain('> [2/2] RUN echo before; exit 7:\nbefore\n');
  expect(own.stderr).toContain('Dockerfile:3\n');
  expect(own.stderr).toContain('   3 | >>> RUN echo before; exit 7\n');
  expect(own.stderr).toContain(
    'process "/bin/sh -c echo before; exit 7" did not complete successfully: exit code: 7',
  );
  const docker = await dockerBuild([context]);
  expect(docker.status).toBe(7);
  expect(docker.stderr).toContain(
    "The command '/bin/sh -c echo before; exit 7' returned a non-zero code: 7",
  );
});

test('wrong Dockerfiles and requests are refused with the line and the reason', async () => {
  const wrong: [string, string][] = [
    [
      'FROM starter\nRUNN x\n',
      'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)',
    ],
    ['', 'the Dockerfile cannot be empty'],
    ['FROM starter\nCOPY --from=127.0.0.1:1/later x y\n', '127.0.0.1:1'],
    ['FROM starter AS a\nCOPY --from=a x y\n', 'refers to current build stage'],
    ['FROM scratch\nRUN true\n', 'FROM scratch'],
    ['FROM starter\nRUN --security=insecure true\n', 'security.insecure is not allowed'],
    ['FROM starter\nCOPY missing /\n', '"/missing": not found'],
    ['FROM starter\nRUN ["/no/such"]\n', '/no/such'],
    ['FROM starter\nUSER nobody-here\nRUN true\n', 'nobody-here'],
    ['FROM starter\nCOPY --chown=nobody-here Dockerfile /\n', 'unable to find user nobody-here'],
    ['FROM no such\n', 'FROM requires either one or three arguments'],
  ];
  for (const [text, reason] of wrong) {
    write({ Dockerfile: text });
    const result = await build();
    expect(result.status, text).toBe(1);
    expect(result.stderr, text).toContain(reason);
  }
  write({ Dockerfile: 'FROM starter\n' });
  expect((await build(['--target', 'nope'])).stderr).toContain(
    'target stage "nope" could not be found',
  );
  expect((await build(['--squash'])).stderr).toContain('squash is not supported');
  expect((await engine.tiffin(['build', join(context, 'absent')])).stderr).toContain('not found');
  const parse = await dockerBuild([context, '-f', '/dev/null']);
  expect(parse.status).toBe(1);
});

test('output writes files and archives instead of an image, and leaves no image', async () => {
  write({ Dockerfile: 'FROM scratch\nCOPY d /x\n', 'd/f': 'f' });
  const before = await engine.ok('images', '-aq');
  await built(['-o', join(scratch, 'out')]);
  expect(readFileSync(join(scratch, 'out/x/f'), 'utf8')).toBe('f');
  const tar = await engine.tiffin([
    'build',
    '-q',
    '-o',
    `type=tar,dest=${scratch}/out.tar`,
    context,
  ]);
  expect(tar.status).toBe(0);
  expect(await must(['tar', '-tf', join(scratch, 'out.tar')])).toBe('x/\nx/f\n');
  await built(['-t', 'oci-out', '-o', `type=oci,dest=${scratch}/oci.tar`]);
  expect(await must(['tar', '-tf', join(scratch, 'oci.tar')])).toContain('oci-layout');
  await engine.ok('rmi', 'oci-out');
  expect(await engine.ok('images', '-aq')).toBe(before);
});

test('an engine that is killed in the middle of a build leaves nothing of it', async () => {
  write({ Dockerfile: 'FROM starter\nRUN echo started; sleep 1000\n' });
  const running = build();
  const runs = join(engine.execRoot, 'containers');
  while (!readdirSync(runs).some((name) => existsSync(join(runs, name, 'attach.sock'))))
    await Bun.sleep(10);
  const [id = ''] = readdirSync(runs);
  await engine.kill();
  expect((await running).status).toBe(1);
  await engine.serve();
  while (existsSync(join(runs, id, 'attach.sock'))) await Bun.sleep(10);
  expect(readdirSync(join(engine.dataRoot, 'containers'))).toEqual([]);
  expect(await engine.ok('ps', '-aq')).toBe('');
  const [network] = JSON.parse(await engine.ok('network', 'inspect', 'bridge'));
  expect(network.Containers ?? {}).toEqual({});
  expect(
    (await build(['--no-cache', '-f', '-'], { input: 'FROM starter\nRUN true\n' })).status,
  ).toBe(0);
});

test('a client that leaves ends its build', async () => {
  write({ Dockerfile: 'FROM starter\nRUN echo started; sleep 1000\n' });
  const runs = join(engine.execRoot, 'containers');
  const live = () =>
    readdirSync(runs).filter((name) => existsSync(join(runs, name, 'attach.sock')));
  const running = build([], { timeoutMs: 1500 });
  while (live().length === 0) await Bun.sleep(10);
  expect((await running).status).toBe(137);
  while (live().length > 0) await Bun.sleep(10);
  expect(live()).toEqual([]);
});

test('builder prune gives the room of the cache back', async () => {
  write({ Dockerfile: 'FROM starter\nRUN echo pruned > /pruned\n' });
  const id = (await built(['-q'])).stdout.trim();
  await engine.ok('rmi', id);
  const usage = JSON.parse(
    await (await fetch('http://engine/system/df', { unix: engine.socket })).text(),
  );
  expect(usage.BuildCache.length).toBeGreaterThan(0);
  // The same by both clients: what the cache has of its own, and its records.
  const shown = await engine.ok('system', 'df', '-v');
  expect(shown).toMatch(
    /Build cache usage: [1-9][0-9.]*[kM]?B\n\nCACHE ID +CACHE TYPE +SIZE +CREATED/,
  );
  const cache = (text: string) => text.slice(text.indexOf('Build cache usage')).split(/\s+/, 12);
  expect(cache(shown)).toEqual(cache((await engine.docker(['system', 'df', '-v'])).stdout));
  const docker = await engine.docker(['builder', 'prune', '-af']);
  expect(docker.stdout).toContain('Total');
  const after = await engine.tiffin(['builder', 'prune', '-af']);
  expect(after.stdout).toBe('Total:\t0B\n');
  await engine.ok('system', 'prune', '-af');
  expect(readdirSync(join(engine.dataRoot, 'layers'))).toEqual([]);
});

test('base images come from a registry, and what is built runs elsewhere', async () => {
  using registry = await startRegistry({ directory: scratch, name: 'build', port: 18_561 });
  const base = `${registry.host}/team/base:1`;
  await engine.ok('tag', 'starter', base);
  await engine.ok('push', base);
  await engine.ok('rmi', base);
  write({
    Dockerfile: `FROM ${base} AS b\nRUN echo made > /made\nFROM scratch\nCOPY --from=b /made /bin/busybox /\nCOPY --from=${base} /etc/group /group\n`,
  });
  const result = await built(['-t', `${registry.host}/team/app`]);
  expect(result.stderr).toContain('Pulling from team/base');
  await engine.ok('push', `${registry.host}/team/app`);
  const layout = join(scratch, 'layout');
  const from = `docker://${registry.host}/team/app:latest`;
  await must(['skopeo', 'copy', '-q', '--src-tls-verify=false', from, `oci:${layout}:app`]);
  await must(['umoci', 'unpack', '--image', `${layout}:app`, join(scratch, 'bundle')]);
  expect(readFileSync(join(scratch, 'bundle/rootfs/made'), 'utf8')).toBe('made\n');
  expect(existsSync(join(scratch, 'bundle/rootfs/group'))).toBe(true);
  await engine.ok('rmi', base, `${registry.host}/team/app`);
});

test('ADD keeps hard links of archives, and COPY those of a stage, also when the first name is left out', async () => {
  await must(['sh', '-c', `cd ${context} && mkdir d && echo x >d/a && ln d/a d/b && ln d/a d/c`]);
  await must(['tar', '-C', join(context, 'd'), '-cf', join(context, 'd.tar'), '.']);
  write({
    Dockerfile:
      'FROM starter AS one\nADD d.tar /t/\nFROM starter\nCOPY --from=one /t /t\nCOPY --from=one --exclude=a /t /e\n',
  });
  expect(await seen('stat -c %h /t/a', ['--target', 'one'])).toBe('3');
  expect(await seen('stat -c %h /t/a /e/b; cat /e/c; ls /e')).toBe('3\n2\nx\nb\nc');
});

test('a RUN and a commit refuse files whose names would remove others of an image', async () => {
  write({ Dockerfile: 'FROM starter\nRUN mkdir /d && touch /d/.wh.passwd\n' });
  const result = await build();
  expect(result.status).toBe(1);
  expect(result.stderr).toContain(
    '/d/.wh.passwd: a name that begins with .wh. would remove a file',
  );
  await engine.ok('run', '--name', 'whiteout', 'starter', 'touch', '/etc/.wh.passwd');
  const commit = await engine.tiffin(['commit', 'whiteout']);
  expect(commit.stderr).toContain('/etc/.wh.passwd: a name that begins with .wh. would remove');
  // Nothing is removed by it in the container itself, and an export is no layer.
  expect(await engine.ok('export', 'whiteout', '-o', join(scratch, 'whiteout.tar'))).toBe('');
  await engine.ok('rm', 'whiteout');
});

test('--cache-from takes the steps of an image that another engine built and pushed', async () => {
  await using other = await TestEngine.start();
  await using registry = await startRegistry({ directory: scratch, name: 'cache', port: 18_588 });
  const name = `${registry.host}/cached:1`;
  write({
    Dockerfile:
      'FROM starter\nRUN cat /proc/sys/kernel/random/uuid >/first\nCOPY word /\nRUN cat /proc/sys/kernel/random/uuid >/second\nENV A=1\nWORKDIR /w\n',
    word: 'hello',
  });
  await built(['-t', name, '--build-arg', 'BUILDKIT_INLINE_CACHE=1']);
  await engine.ok('push', name);
  const times = await engine.ok('run', '--rm', name, 'cat', '/first', '/second');
  // Copied anew, as by a fresh checkout.
  writeFileSync(join(context, 'word'), 'hello');
  const elsewhere = (...args: string[]) =>
    other.tiffin(['build', '--progress', 'plain', '-t', 'again', ...args, context]);
  const result = await elsewhere('--cache-from', `type=registry,ref=${name}`);
  expect(result).toMatchObject({ status: 0 });
  expect(result.stderr.match(/CACHED/g)).toHaveLength(5);
  expect(await other.ok('run', '--rm', 'again', 'cat', '/first', '/second')).toBe(times);
  // With other content the steps from there on are done again, as are all without the source.
  writeFileSync(join(context, 'word'), 'bye');
  expect((await elsewhere('--cache-from', name)).stderr.match(/CACHED/g)).toHaveLength(2);
  const alone = await elsewhere('--cache-from', 'localhost:1/none', '--cache-from', 'type=gha');
  expect(alone.stderr).toContain('cache source localhost:1/none is passed over: cannot reach');
  expect(alone.stderr).toContain('cache sources of type gha are not supported');
  const [first] = times.split('\n');
  expect(await other.ok('run', '--rm', 'again', 'cat', '/first')).not.toBe(first);
  // An image without such a description: its history is enough for the first RUN.
  write({
    Dockerfile: 'FROM starter\nRUN cat /proc/sys/kernel/random/uuid >/first\nCOPY word /\n',
  });
  await built(['--no-cache', '-t', name]);
  await engine.ok('push', name);
  await other.ok('rmi', name);
  await other.ok('builder', 'prune', '-af');
  expect((await elsewhere('--cache-from', name)).stderr.match(/CACHED/g)).toHaveLength(2);
}, 60_000);

test('a repository is a context, and nothing of it runs on the way', async () => {
  const repository = join(scratch, 'repository');
  write({
    Dockerfile: 'FROM starter\nCOPY . /r/\n',
    'sub/f': 'f',
    'sub/g': '$Format:%H$',
    '.gitattributes': 'sub/f export-ignore\nsub/g export-subst\n',
  });
  cpSync(context, repository, { recursive: true });
  using server = await serveRepository(repository);
  const url = `http://127.0.0.1:${server.port}/.git#main`;
  const result = await engine.tiffin(['build', '-q', url]);
  expect(result.stderr).toBe('');
  const files = ['cat', '/r/sub/f', '/r/sub/g'];
  expect(await engine.ok('run', '--rm', result.stdout.trim(), ...files)).toBe('f$Format:%H$');
  const local = await engine.tiffin(['build', `ssh://-oProxyCommand=touch${scratch}/pwned/x.git`]);
  expect(local.status).toBe(1);
  expect(existsSync(join(scratch, 'pwned'))).toBe(false);
});
