/** Listeners beside the unix socket: who is let in, and how long somebody may stand in the door. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type ServeOptions, serveApi } from '../server.ts';
import { FakeEngine } from '../testing/fake-engine.ts';
import { checkDoors } from './doors.ts';

let directory: string;
let files: { ca: string; cert: string; key: string };

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tiffin-doors-'));
  const at = (name: string) => join(directory, name);
  files = { ca: at('cert'), cert: at('cert'), key: at('key') };
  const self = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const named = ['-days', '2', '-subj', '/CN=127.0.0.1', '-keyout', files.key, '-out', files.cert];
  const made = Bun.spawnSync(['openssl', ...self, ...named]);
  expect(made.exitCode).toBe(0);
});

afterAll(() => rmSync(directory, { recursive: true }));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function serve(options: Partial<ServeOptions> = {}) {
  const port = await freePort();
  const warnings: string[] = [];
  const server = await serveApi(new FakeEngine(), {
    listen: [{ kind: 'tcp', host: '127.0.0.1', port }],
    warn: (text) => warnings.push(text),
    ...options,
  });
  return { port, warnings, [Symbol.asyncDispose]: () => server.close() };
}

/** Resolves when the other side has closed. */
function untilClosed(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectPlain(port, '127.0.0.1');
    socket.resume();
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
  });
}

test('openDoors cuts a client that does not finish its TLS handshake', async () => {
  await using door = await serve({ tls: files, headMs: 100 });
  await untilClosed(door.port);
});

test('openDoors counts connections before their handshake', async () => {
  await using door = await serve({ tls: files, connections: 1, headMs: 60_000 });
  const first = connectPlain(door.port, '127.0.0.1');
  await new Promise((resolve) => first.once('connect', resolve));
  await untilClosed(door.port);
  first.destroy();
});

test('openDoors lets in who has a certificate of the authority, and nobody without', async () => {
  await using door = await serve({ tls: files });
  expect(door.warnings).toEqual([]);
  const ask = (own: object) =>
    new Promise<string>((resolve) => {
      const options = { host: '127.0.0.1', port: door.port, rejectUnauthorized: false, ...own };
      const socket = connectTls(options);
      let seen = '';
      socket.on('data', (chunk) => {
        seen += chunk.toString();
      });
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(seen));
      socket.write('GET /_ping HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n');
    });
  const mine = { cert: await Bun.file(files.cert).text(), key: await Bun.file(files.key).text() };
  expect(await ask(mine)).toStartWith('HTTP/1.1 200 OK\r\n');
  expect(await ask({})).not.toContain('HTTP/1.1 200');
});

test('checkDoors refuses TCP for everybody, unless it is meant so', async () => {
  const at = (host: string) => [{ kind: 'tcp', host, port: 1 }] as const;
  for (const host of ['0.0.0.0', '::', '10.0.0.1']) {
    await expect(checkDoors({ listen: at(host) })).rejects.toThrow('refusing to listen on');
    const { cert, key } = files;
    await expect(checkDoors({ listen: at(host), tls: { cert, key } })).rejects.toThrow('refusing');
    await checkDoors({ listen: at(host), insecure: true });
    await checkDoors({ listen: at(host), tls: files });
  }
  for (const host of ['127.0.0.1', '::1']) await checkDoors({ listen: at(host) });
});

test('checkDoors names the file of TLS that is no good', async () => {
  const listen = [{ kind: 'tcp', host: '127.0.0.1', port: 1 }] as const;
  const bad = join(directory, 'bad');
  writeFileSync(bad, 'no certificate');
  const check = (tls: Partial<typeof files>) => checkDoors({ listen, tls: { ...files, ...tls } });
  await expect(check({ cert: join(directory, 'none') })).rejects.toThrow(
    'could not read the TLS certificate',
  );
  await expect(check({ key: join(directory, 'none') })).rejects.toThrow(
    'could not read the TLS key',
  );
  await expect(check({ cert: bad })).rejects.toThrow(`cannot use the TLS certificate ${bad}`);
});

test('openDoors opens all of several doors or none', async () => {
  const port = await freePort();
  const path = join(directory, 'all.sock');
  const both = [
    { kind: 'unix', path },
    { kind: 'tcp', host: '127.0.0.1', port },
  ] as const;
  const options = { listen: both, warn: () => undefined };
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
  await expect(serveApi(new FakeEngine(), options)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port} (by process ${process.pid}, `,
  );
  expect(existsSync(path)).toBe(false);
  await new Promise((resolve) => taken.close(resolve));
  const server = await serveApi(new FakeEngine(), options);
  expect(existsSync(path)).toBe(true);
  await server.close();
  expect(existsSync(path)).toBe(false);
});
