/** The Dockerfile of docker 1.0: what was written for it still builds. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, run, TestEngine } from '../integration/harness.ts';

let engine: TestEngine;
let made = 0;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(() => engine[Symbol.asyncDispose]());

/** A directory with a Dockerfile and other files. */
function context(dockerfile: string, files: Record<string, string> = {}): string {
  made += 1;
  const directory = join(engine.directory, `context-${made}`);
  for (const [path, text] of Object.entries({ Dockerfile: dockerfile, ...files })) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

async function build(name: string, directory: string): Promise<void> {
  await engine.ok('build', '-q', '-t', name, directory);
}

const inside = (image: string, script: string) =>
  engine.ok('run', '--rm', '--entrypoint', 'sh', image, '-c', script);

test('all instructions of docker 1.0 build, in any case, with comments and continued lines, in both forms', async () => {
  const directory = context(
    [
      '# a comment',
      'from starter',
      'MAINTAINER Ann <ann@example.com>',
      'ENV COLOUR red',
      'ENV SHAPE="round" SIZE=big',
      'run echo "# not a comment" > /shell && \\',
      '    echo second >> /shell',
      'RUN ["sh", "-c", "echo exec > /exec"]',
      'EXPOSE 80 53/udp',
      'ADD one /added/',
      'COPY one /copied',
      'VOLUME ["/data"]',
      'VOLUME /more /still',
      'WORKDIR /a',
      'WORKDIR b',
      'WORKDIR c',
      'RUN pwd > /where',
      'USER nobody',
      'ENTRYPOINT ["echo", "entry"]',
      'CMD ["default"]',
      '',
    ].join('\n'),
    { one: '1' },
  );
  await build('all', directory);
  expect(await engine.ok('run', '--rm', 'all')).toBe('entry default');
  expect(await engine.ok('run', '--rm', 'all', 'given')).toBe('entry given');
  const config = JSON.parse(await engine.ok('inspect', '-f', '{{json .Config}}', 'all'));
  expect(config).toMatchObject({
    User: 'nobody',
    WorkingDir: '/a/b/c',
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Volumes: { '/data': {}, '/more': {}, '/still': {} },
  });
  expect(config.Env).toEqual(expect.arrayContaining(['COLOUR=red', 'SHAPE=round', 'SIZE=big']));
  expect(await engine.ok('inspect', '-f', '{{.Author}}', 'all')).toBe('Ann <ann@example.com>');
  expect(await inside('all', 'cat /shell /exec /where; stat -c "%u:%g" /added/one /copied')).toBe(
    '# not a comment\nsecond\nexec\n/a/b/c\n0:0\n0:0',
  );
});

test('several FROM build, and the last one gives the image, where docker 1.0 made one of each', async () => {
  const directory = context('FROM starter\nRUN echo 1 > /one\nFROM starter\nRUN echo 2 > /two\n');
  await build('last', directory);
  expect(await inside('last', 'ls /one /two 2>&1; true')).toContain('/two');
  expect(await inside('last', 'ls /one 2>&1; true')).toContain('No such file');
  await engine.ok('build', '-q', '-t', 'first', '--target', '0', directory);
  expect(await inside('first', 'cat /one')).toBe('1');
});

test('ADD unpacks archives by what they are: plain, gzip, bzip2 and xz; COPY leaves them as they are', async () => {
  const directory = context(
    'FROM starter\nADD a.tar a.tgz b.any c.tar.xz /out/\nCOPY a.tgz /whole\n',
  );
  for (const [archive, flag, file] of [
    ['a.tar', '', 'plain'],
    ['a.tgz', 'z', 'gzip'],
    ['b.any', 'j', 'bzip2'],
    ['c.tar.xz', 'J', 'xz'],
  ] as const) {
    writeFileSync(join(directory, file), file);
    await must(['tar', `-c${flag}f`, join(directory, archive), '-C', directory, file]);
  }
  await build('archives', directory);
  expect(await inside('archives', 'cd /out; ls | tr "\\n" " "; cat plain gzip bzip2 xz')).toBe(
    'bzip2 gzip plain xz plaingzipbzip2xz',
  );
  expect(await inside('archives', 'zcat /whole | tar -t')).toBe('gzip');
});

test('ADD takes a file from an address with mode 600, and nothing from outside of the context', async () => {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => new Response('from afar'),
  });
  await using _server = { [Symbol.asyncDispose]: () => server.stop(true) };
  const address = `http://127.0.0.1:${server.port}/path/name`;
  await build('afar', context(`FROM starter\nADD ${address} /dir/\nADD ${address} /file\n`));
  expect(await inside('afar', 'cat /dir/name; stat -c " %a %u:%g" /file')).toBe(
    'from afar 600 0:0',
  );
  writeFileSync(join(engine.directory, 'outside'), 'secret');
  const escaping = await engine.tiffin(['build', context('FROM starter\nADD ../outside /x\n')]);
  expect(escaping.status).not.toBe(0);
});

test('ONBUILD runs in the next build, is passed on by nobody, and refuses itself, FROM and MAINTAINER', async () => {
  await build('trigger', context('FROM starter\nONBUILD RUN echo once >> /triggered\n'));
  await build('child', context('FROM trigger\n'));
  await build('grandchild', context('FROM child\n'));
  expect(await inside('grandchild', 'cat /triggered')).toBe('once');
  for (const [line, words] of [
    ['ONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['ONBUILD MAINTAINER x', "MAINTAINER isn't allowed as an ONBUILD trigger"],
    ['INSERT http://x /y', 'unknown instruction: INSERT'],
  ] as const) {
    const refused = await engine.tiffin(['build', context(`FROM starter\n${line}\n`)]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(words);
  }
});

test('docker build prints the steps of docker 1.0, uses the cache by content, and takes -rm and a Dockerfile on standard input', async () => {
  const directory = context('FROM starter\nCOPY one /one\nRUN cat /one\n', { one: '1' });
  const docker = (args: readonly string[], input = '') =>
    run(['docker', '-H', `unix://${engine.socket}`, 'build', ...args], {
      env: { DOCKER_BUILDKIT: '0' },
      input,
    });
  const first = await docker([directory]);
  expect(first.stdout).toMatch(/^Step 1\/3 : FROM starter\n ---> [0-9a-f]{12}\n/m);
  expect(first.stdout).toMatch(/^Successfully built [0-9a-f]{12}\n$/m);
  const second = await docker([directory]);
  expect(second.stdout.match(/^ ---> Using cache$/gm)).toHaveLength(2);
  writeFileSync(join(directory, 'one'), 'other');
  expect((await docker([directory])).stdout).not.toContain('Using cache');
  const piped = await docker(['--rm=true', '--force-rm', '-q', '-'], 'FROM starter\nRUN true\n');
  expect(piped.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  const own = await engine.tiffin(['build', '-no-cache', '-rm=false', '-q', '-'], {
    input: 'FROM starter\nRUN true\n',
  });
  expect(own).toMatchObject({
    status: 0,
    stderr: [
      "Warning: '-no-cache' is deprecated, it will be replaced by '--no-cache' soon. See usage.\n",
      "Warning: '-rm' is deprecated, it will be replaced by '--rm' soon. See usage.\n",
    ].join(''),
  });
});
