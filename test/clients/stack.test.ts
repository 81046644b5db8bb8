/**
 * PostgreSQL, Redis and nginx from Debian's packages, in images that Tiffin builds: a front door that finds a database and a cache by
 * name, asked by their own clients through published ports, over restarts, crashes and an upgrade.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join, resolve } from 'node:path';
import { must, run, TestEngine, tiffinBinary, until } from '../integration/harness.ts';

const files = join(import.meta.dir, 'stack');
const debian = resolve(import.meta.dir, '../../build/clients/debian');
const BUILD_MS = 300_000;
const START_MS = 60_000;
const password = 'of-the-stack';

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start();
});
afterAll(() => engine[Symbol.asyncDispose]());

test(
  'tiffin build makes images of Debian packages, whose installation scripts run in the build',
  async () => {
    const dockerfile = join(files, 'debian/Dockerfile');
    await build('-t', 'stack/debian', '-f', dockerfile, debian);
    for (const name of ['database', 'cache', 'web']) {
      await build('-t', `stack/${name}:1`, join(files, name));
    }
    const user = ['run', '--rm', '--entrypoint', 'id', 'stack/database:1', '-un'];
    expect(await engine.ok(...user)).toBe('postgres');
  },
  BUILD_MS,
);

test(
  'database, cache and front door come up healthy and find each other by name',
  async () => {
    await engine.ok('network', 'create', 'stack');
    await start('database', '1');
    await start('cache', '1', '--init', '--restart', 'on-failure');
    await start('web', '1', '-p', '127.0.0.1::80', '-p', '127.0.0.1::6379');
    for (const name of ['database', 'cache', 'web']) await healthy(name);

    expect(await page()).toBe('the first page\n');
    expect(await cache('web', 'set', 'greeting', 'hello')).toBe('OK');
    await sql('web', 'create table dishes (name text primary key)');
    await sql('web', "insert into dishes values ('dal')");
    // The database's own process asks the cache by name.
    await sql('database', "copy dishes from program 'redis-cli -h cache get greeting'");
    expect(await dishes('web')).toEqual(['dal', 'hello']);
    const log = await engine.ok('logs', 'web');
    expect(log).toContain('"GET / HTTP/1.1" 200');
  },
  START_MS,
);

test(
  'ten thousand rows and a thousand keys pass a published port',
  async () => {
    const rows = Array.from({ length: 10_000 }, (_, at) => `row ${at}\n`).join('');
    await sql('web', 'create table bulk (name text)');
    await sql('web', 'copy bulk from stdin', rows);
    expect(await sql('database', 'select count(*) from bulk')).toBe('10000');
    const keys = Array.from({ length: 1000 }, (_, at) => `set key:${at} ${at}\n`).join('');
    const answers = await must(['redis-cli', '-p', await port('web', 6379)], { input: keys });
    expect(answers.match(/^OK$/gm)?.length).toBe(1000);
    expect(await cache('cache', 'dbsize')).toBe('1001');
  },
  START_MS,
);

test(
  'a query goes on while the engine is killed and starts again',
  async () => {
    const started = 'started';
    await cache('cache', 'del', started);
    const wait = `copy (select 1) to program 'redis-cli -h cache set ${started} 1'; select pg_sleep(1); select name from dishes limit 1`;
    const answer = sql('web', wait);
    // Asked of the cache itself: there may be no engine to ask for a port.
    const cachePort = await port('cache', 6379);
    await until('the query runs', async () => {
      const { stdout } = await run(['redis-cli', '-p', cachePort, 'get', started]);
      return stdout.trim() === '1';
    });
    await engine.kill();
    expect((await must(['redis-cli', '-p', cachePort, 'ping'])).trim()).toBe('PONG');
    await engine.serve();
    expect(await answer).toContain('dal');
    await healthy('database');
  },
  START_MS,
);

test(
  'a restart and a crash lose nothing',
  async () => {
    await engine.ok('restart', 'database');
    await healthy('database');
    await until('the front door finds the database', async () => {
      return (await run(await psql('web', 'select 1'), { env })).status === 0;
    });
    expect(await dishes('web')).toEqual(['dal', 'hello']);
    // The cache's program dies as it would of a fault; its policy brings it back.
    await engine.ok(
      'exec',
      '--user',
      '0',
      'cache',
      'bash',
      '-c',
      'kill -SEGV $(pidof redis-server)',
    );
    await until('the cache was started again', async () => {
      return (await inspect('cache', '{{.RestartCount}}')) === '1';
    });
    await healthy('cache');
    expect(await cache('web', 'get', 'greeting')).toBe('hello');
  },
  START_MS,
);

test(
  'newer images take over the volumes, and the front door follows the names to other addresses',
  async () => {
    const newer = (name: string, argument: string) =>
      build('--build-arg', argument, '-t', `stack/${name}:2`, join(files, name));
    await newer('database', 'WORK_MEM=9MB');
    await newer('web', 'PAGE=the second page');
    const before = await inspect('database', address);
    await engine.ok('stop', 'database');
    expect(await inspect('database', '{{.State.ExitCode}}')).toBe('0');
    await engine.ok('rename', 'database', 'old');
    await engine.ok(
      'run',
      '-d',
      '--name',
      'holder',
      '--network',
      'stack',
      '--ip',
      before,
      'stack/cache:1',
    );
    await start('database', '2');
    await engine.ok('rm', '-f', 'web');
    await start('web', '2', '-p', '127.0.0.1::80', '-p', '127.0.0.1::6379');
    for (const name of ['database', 'web']) await healthy(name);

    expect(await inspect('database', address)).not.toBe(before);
    expect(await sql('web', 'show work_mem')).toBe('9MB');
    expect(await dishes('web')).toEqual(['dal', 'hello']);
    expect(await page()).toBe('the second page\n');
  },
  START_MS,
);

test(
  'the volumes outlive the containers, and end when they are removed',
  async () => {
    await engine.ok('rm', '-fv', 'web', 'cache', 'database', 'old', 'holder');
    await start('database', '1');
    await healthy('database');
    expect(await dishes('database')).toEqual(['dal', 'hello']);
    await engine.ok('rm', '-f', 'database');
    await engine.ok('volume', 'rm', 'database', 'cache', 'web');
    await engine.ok('network', 'rm', 'stack');
    expect(await engine.ok('volume', 'ls', '-q')).toBe('');
  },
  START_MS,
);

const env = { PGPASSWORD: password, PGCONNECT_TIMEOUT: '10' };
const address = '{{.NetworkSettings.Networks.stack.IPAddress}}';
/** Where each keeps what must stay; the front door keeps nothing of worth. */
const directories: Readonly<Record<string, string>> = {
  database: '/var/lib/postgresql/data',
  cache: '/data',
  web: '/var/cache',
};

async function build(...args: string[]): Promise<void> {
  const client = [tiffinBinary, '-H', `unix://${engine.socket}`, 'build', '-q', ...args];
  await must(client, { timeoutMs: BUILD_MS });
}

/** Every container has its own name, its own volume, and its main port published. */
async function start(name: string, version: string, ...more: string[]): Promise<void> {
  const main: Readonly<Record<string, string>> = { database: '5432', cache: '6379', web: '5432' };
  const published = ['-p', `127.0.0.1::${main[name]}`];
  const volume = ['-v', `${name}:${directories[name]}`];
  const secret = ['-e', `POSTGRES_PASSWORD=${password}`];
  const place = ['--name', name, '--network', 'stack', ...volume, ...published];
  await engine.ok('run', '-d', ...place, ...secret, ...more, `stack/${name}:${version}`);
}

function inspect(name: string, format: string): Promise<string> {
  return engine.ok('inspect', '--format', format, name);
}

function healthy(name: string): Promise<void> {
  const check = async () => (await inspect(name, '{{.State.Health.Status}}')) === 'healthy';
  return until(`${name} is healthy`, check, START_MS);
}

/** The host's port for one of a container's. */
async function port(name: string, inside: number): Promise<string> {
  const published = await engine.ok('port', name, String(inside));
  return published.slice(published.lastIndexOf(':') + 1);
}

async function psql(name: string, query: string): Promise<string[]> {
  const server = ['-h', '127.0.0.1', '-p', await port(name, 5432), '-U', 'postgres'];
  return ['psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...server, '-c', query];
}

async function sql(name: string, query: string, input = ''): Promise<string> {
  return (await must(await psql(name, query), { env, input })).trim();
}

async function dishes(name: string): Promise<string[]> {
  return (await sql(name, 'select name from dishes order by name')).split('\n');
}

async function cache(name: string, ...command: string[]): Promise<string> {
  return (await must(['redis-cli', '-p', await port(name, 6379), ...command])).trim();
}

async function page(): Promise<string> {
  return must(['curl', '-sS', '--fail', `http://127.0.0.1:${await port('web', 80)}/`]);
}
