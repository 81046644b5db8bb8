/** A project of a web server, a database and a cache, by both generations of compose. */

import { describe, expect, test } from 'bun:test';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { must, TestEngine } from '../integration/harness.ts';

const composes: Readonly<Record<string, string>> = {
  'compose 2 from its Go module': resolve(
    import.meta.dir,
    '../../build/clients/bin/docker-compose',
  ),
  "compose 1 from Debian's package": '/usr/bin/docker-compose',
};

describe.each(Object.entries(composes))('%s', (_name, binary) => {
  test('up, ps, exec, logs -f, cp, scale, profiles, restart, down -v', async () => {
    await using engine = await TestEngine.start();
    const project = join(engine.directory, 'shop');
    cpSync(join(import.meta.dir, 'compose'), project, { recursive: true });
    const env = {
      DOCKER_HOST: `unix://${engine.socket}`,
      DOCKER_BUILDKIT: '0',
      COMPOSE_PROJECT_NAME: 'shop',
      COMPOSE_FILE: join(project, 'compose.yaml'),
    };
    const compose = (...args: string[]) => must([binary, ...args], { env });
    const address = async () => (await compose('port', 'web', '80')).trim();

    await compose('up', '-d', '--build');
    // The web server depends on a healthy database.
    const state = await engine.ok('ps', '--filter', 'health=healthy', '--format', '{{.Names}}');
    expect(state).toMatch(/shop.database.1/);
    expect(await compose('ps')).toMatch(/shop.web.1/);
    expect((await compose('ps', '-q')).trim().split('\n')).toHaveLength(3);
    expect(await text(`http://${await address()}/greeting`)).toBe('hello\n');

    const rows = ['wget', '-qO-', 'http://db:5432/rows'];
    expect(await compose('exec', '-T', 'web', ...rows)).toBe('first\n');
    expect(await compose('--profile', 'tools', 'run', '--rm', 'tool')).toContain('first');
    expect(await compose('logs', 'database')).toContain('database starts');
    await compose('exec', '-T', 'database', 'sh', '-c', 'echo second > /data/rows');
    await copies(binary, env, project);

    await compose('up', '-d', '--scale', 'cache=3');
    expect((await compose('ps', '-q', 'cache')).trim().split('\n')).toHaveLength(3);
    await compose('restart', '-t', '2', 'web');
    expect(await text(`http://${await address()}/`)).toBe('page of the web\n');
    await compose('pause', 'cache');
    await compose('unpause', 'cache');

    // Data outlives the containers, and ends with the volume.
    await compose('down');
    await compose('up', '-d');
    expect(await compose('exec', '-T', 'web', ...rows)).toBe('second\n');
    const follow = must([binary, 'logs', '-f', 'cache'], { env });
    await compose('stop', '-t', '2');
    expect(await follow).toContain('beat 1');
    await compose('down', '-v');
    expect(await engine.ok('ps', '-aq')).toBe('');
    expect(await engine.ok('volume', 'ls', '-q')).toBe('');
    expect(await engine.ok('network', 'ls', '--filter', 'type=custom', '-q')).toBe('');
  });
});

/** `cp` came with compose 2. */
async function copies(binary: string, env: Record<string, string>, project: string): Promise<void> {
  if (binary === '/usr/bin/docker-compose') return;
  const page = join(project, 'page');
  writeFileSync(page, 'copied\n');
  await must([binary, 'cp', page, 'web:/srv/copied'], { env });
  await must([binary, 'cp', 'web:/srv/copied', `${page}.back`], { env });
  expect(readFileSync(`${page}.back`, 'utf8')).toBe('copied\n');
}

async function text(url: string): Promise<string> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return answer.text();
    await Bun.sleep(10);
  }
  throw new Error(`${url} does not answer`);
}
