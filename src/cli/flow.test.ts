/** Whole commands against an API whose answers are known: texts, streams, order of requests, exit statuses. */

import { expect, test } from 'bun:test';
import { type Asked, fakeApi, frame, type Routes } from './testing/fake-api.ts';
import { topics } from './topics/index.ts';

const created: Routes['answers'] = {
  'POST /containers/create': [201, { Id: 'abc123', Warnings: [] }],
};

/** A container that starts, and ends with a status once `end` was called; the wait may come before or after that. */
function container(status: number, more: Routes['answers'] = {}) {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const routes: Routes['answers'] = {
    ...created,
    'POST /containers/abc123/start': [204],
    'POST /containers/abc123/wait': (_, response) => {
      response.flushHeaders();
      ended.then(() => response.end(`${JSON.stringify({ StatusCode: status })}\n`));
    },
    ...more,
  };
  return { routes, end: () => end() };
}

const words = (asked: readonly Asked[]) => asked.map(({ method, path }) => `${method} ${path}`);

test('run sends output to its streams and exits with the status of the program', async () => {
  const program = container(7);
  await using api = await fakeApi({
    answers: program.routes,
    hijack: (socket) => {
      socket.write(Buffer.concat([frame(1, 'out\n'), frame(2, 'err\n')]));
      socket.end(frame(1, 'more\n'), program.end);
    },
  });
  const outcome = await api.run(['run', '--rm', 'img', 'cmd']);
  expect(outcome).toEqual({ stdout: 'out\nmore\n', stderr: 'err\n', status: 7 });
  const order = words(api.asked);
  expect(order[0]).toBe('POST /containers/create');
  expect(order.at(-1)).toBe('POST /containers/abc123/start');
  expect(api.asked.find(({ path }) => path.endsWith('/wait'))?.query.get('condition')).toBe(
    'removed',
  );
});

test('run -i sends standard input and closes it', async () => {
  const program = container(0);
  await using api = await fakeApi({
    answers: program.routes,
    hijack: (socket) => {
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes;
      });
      socket.on('end', () => socket.end(frame(1, `<${text}>`), program.end));
    },
  });
  const input = `${'x'.repeat(300_000)}\nlast`;
  expect((await api.run(['run', '-i', 'img'], { stdin: input })).stdout).toBe(`<${input}>`);
});

test('run ends although nobody closes its standard input', async () => {
  const program = container(3);
  await using api = await fakeApi({
    answers: program.routes,
    hijack: (socket) => socket.end(frame(1, 'done'), program.end),
  });
  const child = api.spawn(['run', '-i', 'img'], 'pipe');
  expect(await child.exited).toBe(3);
});

test('run -d prints the id and neither attaches nor waits', async () => {
  const program = container(0);
  await using api = await fakeApi({ answers: program.routes });
  const outcome = await api.run(['run', '-d', 'img']);
  expect(outcome).toEqual({ stdout: 'abc123\n', stderr: '', status: 0 });
  expect(words(api.asked)).toEqual(['POST /containers/create', 'POST /containers/abc123/start']);
});

test('run pulls an image that is missing and tries again', async () => {
  let pulled = false;
  const program = container(0, {
    'POST /containers/create': (_, response) => {
      response.statusCode = pulled ? 201 : 404;
      response.end(
        JSON.stringify(
          pulled
            ? { Id: 'abc123', Warnings: ['careful'] }
            : { message: 'No such image: img:latest' },
        ),
      );
    },
    'POST /images/create': (_, response) => {
      pulled = true;
      response.end(
        '{"status":"Pulling from library/img","id":"latest"}\n{"status":"Download complete","id":"aa"}\n',
      );
    },
  });
  await using api = await fakeApi({
    answers: program.routes,
    hijack: (socket) => socket.end(program.end),
  });
  const outcome = await api.run(['run', 'img']);
  expect(outcome.stderr).toBe(
    "Unable to find image 'img:latest' locally\nlatest: Pulling from library/img\naa: Download complete\nWARNING: careful\n",
  );
  expect(outcome.status).toBe(0);
  const pull = api.asked.find(({ path }) => path === '/images/create');
  expect(pull?.query.toString()).toBe('fromImage=img&tag=latest');
});

test('run --pull never leaves a missing image missing', async () => {
  await using api = await fakeApi({
    answers: { 'POST /containers/create': [404, { message: 'No such image: img:latest' }] },
  });
  const outcome = await api.run(['run', '--pull', 'never', 'img']);
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toBe(
    "tiffin: Error response from daemon: No such image: img:latest\n\nRun 'tiffin run --help' for more information\n",
  );
});

test.each([
  ['exec: "x": executable file not found in $PATH', 127],
  ['stat /x: no such file or directory', 127],
  ['exec: "/x": permission denied', 126],
  ['port is already allocated', 125],
])('run exits for a start that another engine fails with %p', async (message, status) => {
  await using api = await fakeApi({
    answers: container(0, { 'POST /containers/abc123/start': [400, { message }] }).routes,
  });
  const outcome = await api.run(['run', 'img']);
  expect(outcome.status).toBe(status);
  expect(outcome.stderr).toStartWith(`tiffin: Error response from daemon: ${message}\n`);
});

test.each([
  ['exec: "/x": stat /x: no such file or directory', 127, 127],
  ['exec: "/x": it does not run', 126, 126],
  ['cannot make directory /sys/fs/cgroup/x: no such file or directory', undefined, 125],
  ['cannot open /srv: permission denied', undefined, 125],
])('run exits as the engine says for %p', async (message, exitCode, status) => {
  await using api = await fakeApi({
    answers: container(0, {
      'POST /containers/abc123/start': (_, response) => {
        response.writeHead(400, { Server: 'Tiffin/0.1.0 (linux)' });
        response.end(JSON.stringify({ message, code: 'x', exitCode }));
      },
    }).routes,
  });
  const outcome = await api.run(['run', 'img']);
  expect(outcome.status).toBe(status);
  expect(outcome.stderr).toStartWith(`tiffin: Error response from daemon: ${message}\n`);
});

test('run forwards signals to the container', async () => {
  const program = container(130, {
    'POST /containers/abc123/kill': (_, response) => {
      response.statusCode = 204;
      response.end();
      stop();
    },
  });
  let stop = () => {};
  await using api = await fakeApi({
    answers: program.routes,
    hijack: (socket) => {
      socket.write(frame(1, 'ready\n'));
      stop = () => socket.end(program.end);
    },
  });
  const child = api.spawn(['run', 'img']);
  await child.stdout.getReader().read();
  child.kill('SIGINT');
  expect(await child.exited).toBe(130);
  const kill = api.asked.find(({ path }) => path.endsWith('/kill'));
  expect(kill?.query.get('signal')).toBe('INT');
});

test('run ends as SIGPIPE would when its reader is gone', async () => {
  const program = container(0);
  await using api = await fakeApi({
    answers: program.routes,
    hijack: (socket) => {
      const more = () => {
        while (socket.writable && socket.write(frame(1, 'y\n'.repeat(10_000))));
      };
      socket.on('drain', more).on('error', () => undefined);
      more();
    },
  });
  const child = api.spawn(['run', 'img']);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  expect(await child.exited).toBe(141);
});

test('run tells that the engine went away while it started the container', async () => {
  await using api = await fakeApi({
    answers: {
      ...container(0).routes,
      'POST /containers/abc123/start': (_, response) => response.socket?.destroy(),
    },
  });
  const outcome = await api.run(['run', 'img']);
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toStartWith(
    'tiffin: error during connect: the engine closed the connection\n',
  );
});

test('attach says that the container goes on when the engine goes away', async () => {
  const attached = Promise.withResolvers<{ destroy(): unknown }>();
  await using api = await fakeApi({
    answers: {
      'GET /containers/c1/json': [
        200,
        {
          Id: 'abcdef0123456789',
          State: { Running: true },
          Config: { Tty: false, OpenStdin: false },
        },
      ],
      'POST /containers/abcdef0123456789/wait': (_, response) => {
        response.write(' ');
        attached.promise.then((socket) => {
          socket.destroy();
          response.socket?.destroy();
        });
      },
    },
    hijack: (socket) => attached.resolve(socket),
  });
  const outcome = await api.run(['attach', 'c1']);
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toBe(
    'the engine went away; container abcdef012345 goes on without it\ncome back with: tiffin attach abcdef012345\n',
  );
});

test('exec asks for the exit status after the output ended', async () => {
  await using api = await fakeApi({
    answers: {
      'POST /containers/c1/exec': [201, { Id: 'e1' }],
      'GET /exec/e1/json': [200, { ExitCode: 4 }],
    },
    hijack: (socket) => socket.end(frame(1, 'x\n')),
  });
  const outcome = await api.run(['exec', '-e', 'A=1', '-w', '/w', 'c1', 'ls', '-l']);
  expect(outcome).toEqual({ stdout: 'x\n', stderr: '', status: 4 });
  expect(JSON.parse(api.asked[0]?.body ?? '')).toMatchObject({
    Cmd: ['ls', '-l'],
    Env: ['A=1'],
    WorkingDir: '/w',
  });
});

test('rm goes on after a failure and ends with 1', async () => {
  await using api = await fakeApi({
    answers: {
      'DELETE /containers/a': [404, { message: 'No such container: a' }],
      'DELETE /containers/b': [204],
    },
  });
  expect(await api.run(['rm', 'a', 'b'])).toEqual({
    stdout: 'b\n',
    stderr: 'Error response from daemon: No such container: a\n',
    status: 1,
  });
});

test('inspect tries each kind, prints what it found and says what it did not', async () => {
  await using api = await fakeApi({
    answers: { 'GET /networks/net': [200, { Name: 'net', Options: { k: 'v' }, Containers: {} }] },
  });
  const plain = await api.run(['inspect', 'net', 'nosuch']);
  expect(JSON.parse(plain.stdout)).toEqual([{ Name: 'net', Options: { k: 'v' }, Containers: {} }]);
  expect(plain.stderr).toBe('Error: No such object: nosuch\n');
  expect(plain.status).toBe(1);
  const formatted = await api.run(['inspect', '-f', '{{.Name}} {{.Options}}', 'net']);
  expect(formatted).toEqual({ stdout: 'net map[k:v]\n', stderr: '', status: 0 });
  const broken = await api.run(['inspect', '-f', '{{.Name', 'net']);
  expect(broken).toMatchObject({
    status: 64,
    stderr: 'template parsing error: template: :1: unclosed action\n',
  });
});

test('ps sends filters and prints a table', async () => {
  await using api = await fakeApi({ answers: { 'GET /containers/json': [200, []] } });
  const outcome = await api.run(['ps', '-a', '-f', 'status=exited', '--filter', 'status=created']);
  expect(outcome.stdout).toBe(
    'CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n',
  );
  const query = api.asked[0]?.query;
  expect(query?.get('all')).toBe('1');
  expect(JSON.parse(query?.get('filters') ?? '')).toEqual({ status: ['exited', 'created'] });
});

test('system prune asks first and stops at anything but yes', async () => {
  await using api = await fakeApi({ answers: { 'POST /': [200, { SpaceReclaimed: 1000 }] } });
  const refused = await api.run(['system', 'prune'], { stdin: 'n\n' });
  expect(refused.status).toBe(0);
  expect(api.asked).toEqual([]);
  const accepted = await api.run(['system', 'prune'], { stdin: 'y\n' });
  expect(accepted.stdout).toEndWith('Total reclaimed space: 4kB\n');
  expect(words(api.asked)).toEqual([
    'POST /containers/prune',
    'POST /networks/prune',
    'POST /images/prune',
    'POST /build/prune',
  ]);
});

test('load sends the archive', async () => {
  await using api = await fakeApi({
    answers: {
      'POST /images/load': (asked, response) =>
        response.end(`{"stream":"got ${asked.body.length}\\n"}\n`),
    },
  });
  const outcome = await api.run(['load'], { stdin: 'x'.repeat(200_000) });
  expect(outcome).toEqual({ stdout: 'got 200000\n', stderr: '', status: 0 });
});

test('load tells why the engine refused in the middle of the archive', async () => {
  await using api = await fakeApi({
    answers: { 'POST /images/load': [500, { message: 'disk full' }] },
    refuseBodies: true,
  });
  const outcome = await api.run(['load'], { stdin: 'x'.repeat(5_000_000) });
  expect(outcome).toEqual({
    stdout: '',
    stderr: 'Error response from daemon: disk full\n',
    status: 1,
  });
});

test('pull shows the error inside the stream', async () => {
  await using api = await fakeApi({
    answers: {
      'POST /images/create': [
        200,
        '{"status":"a"}\n{"errorDetail":{"message":"manifest unknown"},"error":"x"}\n',
      ],
    },
  });
  expect(await api.run(['pull', 'img:1'])).toEqual({
    stdout: 'a\n',
    stderr: 'manifest unknown\n',
    status: 1,
  });
});

test.each([
  [['rnu'], 1, 'tiffin: unknown command: tiffin rnu\n\nDid you mean this?\n  tiffin run\n'],
  [['container', 'lss'], 1, 'tiffin: unknown command: tiffin container lss\n'],
  [
    ['run', '--foo', 'x'],
    125,
    'unknown flag: --foo\n\nUsage:  tiffin run [OPTIONS] IMAGE [COMMAND] [ARG...]\n',
  ],
  [['run'], 1, "tiffin: 'tiffin run' requires at least 1 argument\n"],
  [['ps', 'x'], 1, "tiffin: 'tiffin ps' accepts no arguments\n"],
  [['rename', 'a'], 1, "tiffin: 'tiffin rename' requires 2 arguments\n"],
  [['run', '-it', 'img'], 1, 'the input device is not a TTY\n'],
  [
    ['run', '-d', '-a', 'stdin', 'img'],
    1,
    'conflicting options: cannot specify both --attach and --detach\n',
  ],
  [
    ['run', '--pull', 'foo', 'img'],
    125,
    `tiffin: invalid pull option: 'foo': must be one of "always", "missing" or "never"\n`,
  ],
  [['update', 'x'], 1, 'you must provide one or more flags when using this command\n'],
])('%p fails before anything is asked', async (argv, status, start) => {
  await using api = await fakeApi({ answers: created });
  const outcome = await api.run(argv);
  expect(outcome.status).toBe(status);
  expect(outcome.stderr).toStartWith(start);
  expect(api.asked).toEqual([]);
});

test('a missing engine is named with the cure', async () => {
  const api = await fakeApi({});
  await api[Symbol.asyncDispose]();
  const outcome = await api.run(['ps']);
  expect(outcome.status).toBe(1);
  expect(outcome.stderr).toMatch(
    /^Cannot connect to the Tiffin engine at unix:\/\/\S+api\.sock\. Is it running\?\nstart it with: tiffin serve /,
  );
});

test('help lists every command and each has its own', async () => {
  await using api = await fakeApi({});
  const { stdout } = await api.run(['help']);
  for (const word of ['run', 'explain', 'serve', 'completion', 'container', 'volume']) {
    expect(stdout).toMatch(new RegExp(`^  ${word} +[A-Z]`, 'm'));
  }
  const run = await api.run(['run', '--help']);
  expect(run.stdout).toContain('Usage:  tiffin run [OPTIONS] IMAGE [COMMAND] [ARG...]\n');
  expect(run.stdout).toMatch(/^ {2}-p, --publish list +Publish/m);
  expect(run.status).toBe(0);
});

test('help tells topics, and says that it does not know a word', async () => {
  await using api = await fakeApi({});
  const { stdout } = await api.run(['help']);
  for (const topic of topics) {
    expect(stdout).toContain(`  ${topic.name.padEnd(11)} ${topic.summary}\n`);
    expect((await api.run(['help', topic.name])).stdout).toBe(await topic.load());
  }
  expect(await api.run(['help', 'foo'])).toEqual({
    stdout: '',
    stderr: 'unknown help topic: foo\n',
    status: 1,
  });
});

test('an unknown command is answered with what was meant, or why docker has it and Tiffin has not', async () => {
  await using api = await fakeApi({});
  expect((await api.run(['pss'])).stderr).toBe(
    "tiffin: unknown command: tiffin pss\n\nDid you mean this?\n  tiffin ps\n\nRun 'tiffin --help' for more information\n",
  );
  expect((await api.run(['swarm', 'init'])).stderr).toContain('takes part in no swarm');
  expect((await api.run(['volume', 'foo'])).stderr).toBe(
    "tiffin: unknown command: tiffin volume foo\n\nUsage:  tiffin volume\n\nRun 'tiffin volume --help' for more information\n",
  );
});

test('search prints its rows by --format too', async () => {
  const found = [{ name: 'a', description: 'x\ny', star_count: 3, is_official: true }];
  await using api = await fakeApi({ answers: { 'GET /images/search': [200, found] } });
  expect(
    (await api.run(['search', '--format', '{{.Name}} {{.Description}} {{.StarCount}}', 'a']))
      .stdout,
  ).toBe('a x y 3\n');
  expect((await api.run(['search', 'a'])).stdout).toBe(
    'NAME      DESCRIPTION   STARS     OFFICIAL\na         x y           3         [OK]\n',
  );
});

test('stats of a container that does not run are zeros, as docker shows them', async () => {
  const idle = {
    memory_stats: {},
    pids_stats: {},
    blkio_stats: {},
    cpu_stats: { cpu_usage: { total_usage: 0 } },
    precpu_stats: { cpu_usage: { total_usage: 0 } },
  };
  await using api = await fakeApi({
    answers: {
      'GET /containers/box/json': [200, { Id: 'b'.repeat(64), Name: '/box' }],
      'GET /containers/bbb': [200, idle],
    },
  });
  const { stdout } = await api.run([
    'stats',
    '--no-stream',
    '--format',
    '{{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.PIDs}}',
    'box',
  ]);
  expect(stdout).toBe('0.00% 0B / 0B 0B / 0B 0\n');
});

test('rename and inspect refuse in the words of docker', async () => {
  await using api = await fakeApi({});
  expect((await api.run(['rename', 'a', 'b'])).stderr).toEndWith(
    '\nError: failed to rename container named a\n',
  );
  expect((await api.run(['inspect', '--type', 'foo', 'x'])).stderr).toStartWith(
    'unknown type: "foo": must be one of "container"',
  );
});
