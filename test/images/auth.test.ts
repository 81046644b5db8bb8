/** Credentials: login and logout, files and helpers, passwords, tokens, certificates, mirrors. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { must, TestEngine } from '../integration/harness.ts';
import { passwordFile, type Registry, startRegistry } from './registry.ts';
import { startTokenServer, type TokenServer } from './token-server.ts';

let engine: TestEngine;
let open: Registry;
let closed: Registry;
let tokened: Registry;
let sealed: Registry;
let tokens: TokenServer;
const SEALED = '127.0.0.1:18584';
const CERTIFICATES = `/etc/tiffin/certs.d/${SEALED}`;

beforeAll(async () => {
  engine = new TestEngine();
  const { directory } = engine;
  const rules = {
    registries: {
      'shop.example': { mirrors: ['127.0.0.1:1/x', '127.0.0.1:18581/mirrored'] },
      'old.example': { location: '127.0.0.1:18581/moved' },
    },
  };
  writeFileSync(join(directory, 'registries.json'), JSON.stringify(rules));
  await engine.serve({ TIFFIN_REGISTRIES: join(directory, 'registries.json') });
  open = await startRegistry({ directory, name: 'open', port: 18_581 });
  const more = await passwordFile(directory, 'ann', 'secret');
  closed = await startRegistry({ directory, name: 'closed', port: 18_582, more });
  tokens = await startTokenServer(directory, 18_585, 'ann', 'secret');
  tokened = await startRegistry({ directory, name: 'tokened', port: 18_583, more: tokens.section });
  sealed = await startSealed(directory);
});

afterAll(async () => {
  rmSync(CERTIFICATES, { recursive: true, force: true });
  for (const part of [open, closed, tokened, sealed, tokens]) part[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
});

test('login keeps credentials that the registry takes, for tiffin and docker alike; logout forgets them', async () => {
  const env = { DOCKER_CONFIG: join(engine.directory, 'login') };
  const name = `${closed.host}/lunch/box:1`;
  await engine.ok('tag', 'starter', name);
  const wrong = await engine.tiffin(['login', '-u', 'ann', '--password-stdin', closed.host], {
    env,
    input: 'bad\n',
  });
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('unauthorized');
  expect(existsSync(join(env.DOCKER_CONFIG, 'config.json'))).toBe(false);
  const done = await engine.tiffin(['login', '-u', 'ann', '--password-stdin', closed.host], {
    env,
    input: 'secret\n',
  });
  expect(done.stdout).toBe('Login Succeeded\n');
  expect(statSync(join(env.DOCKER_CONFIG, 'config.json')).mode & 0o777).toBe(0o600);
  expect(await engine.tiffin(['push', name], { env })).toMatchObject({ status: 0 });
  expect(await engine.docker(['pull', name], { env })).toMatchObject({ status: 0 });
  const out = await engine.tiffin(['logout', closed.host], { env });
  expect(out.stdout).toContain(`Removing login credentials for ${closed.host}`);
  expect((await engine.tiffin(['pull', name], { env })).status).toBe(1);
});

test('docker login goes through the engine', async () => {
  const env = { DOCKER_CONFIG: join(engine.directory, 'docker-login') };
  const wrong = await engine.docker(['login', '-u', 'ann', '--password-stdin', closed.host], {
    env,
    input: 'bad',
  });
  expect(wrong.status).toBe(1);
  const done = await engine.docker(['login', '-u', 'ann', '--password-stdin', closed.host], {
    env,
    input: 'secret',
  });
  expect(done.stdout).toContain('Login Succeeded');
});

test('credential helpers store, give and erase', async () => {
  const { directory } = engine;
  const bin = join(directory, 'bin');
  const kept = join(directory, 'kept.json');
  mkdirSync(bin);
  const script = `#!/bin/sh\ncase $1 in store) cat > ${kept} ;; get) cat > /dev/null; cat ${kept} 2>/dev/null || { echo credentials not found in native keychain; exit 1; } ;; erase) rm -f ${kept} ;; esac\n`;
  writeFileSync(join(bin, 'docker-credential-jar'), script);
  chmodSync(join(bin, 'docker-credential-jar'), 0o755);
  const config = join(directory, 'helped');
  mkdirSync(config);
  writeFileSync(
    join(config, 'config.json'),
    JSON.stringify({ credHelpers: { [closed.host]: 'jar' }, more: 1 }),
  );
  const env = { DOCKER_CONFIG: config, PATH: `${bin}:${process.env.PATH}` };
  const name = `${closed.host}/lunch/box:1`;
  expect((await engine.tiffin(['pull', name], { env })).status).toBe(1);
  await engine.tiffin(['login', '-u', 'ann', '--password-stdin', closed.host], {
    env,
    input: 'secret',
  });
  expect(JSON.parse(readFileSync(kept, 'utf8'))).toMatchObject({
    Username: 'ann',
    Secret: 'secret',
  });
  expect(readFileSync(join(config, 'config.json'), 'utf8')).not.toContain(btoa('ann:secret'));
  expect(await engine.tiffin(['pull', '-q', name], { env })).toMatchObject({ status: 0 });
  await engine.tiffin(['logout', closed.host], { env });
  expect(existsSync(kept)).toBe(false);
});

test('a helper is a name and never a path', async () => {
  const config = join(engine.directory, 'evil');
  mkdirSync(config);
  writeFileSync(join(config, 'config.json'), JSON.stringify({ credsStore: '../../../tmp/evil' }));
  const result = await engine.tiffin(['pull', `${open.host}/x/y`], {
    env: { DOCKER_CONFIG: config },
  });
  expect(result.stderr).toContain('invalid name of a credential helper');
});

test('tokens: scopes of what is asked, push with mount, refused without credentials', async () => {
  const env = { DOCKER_CONFIG: join(engine.directory, 'tokens') };
  const login = ['login', '-u', 'ann', '--password-stdin', tokened.host];
  expect((await engine.tiffin(login, { env, input: 'wrong' })).status).toBe(1);
  expect(await engine.tiffin(login, { env, input: 'secret' })).toMatchObject({ status: 0 });
  const name = `${tokened.host}/public/box:1`;
  await engine.ok('tag', 'starter', name);
  expect((await engine.tiffin(['push', name])).stderr).toContain('unauthorized');
  expect(await engine.tiffin(['push', name], { env })).toMatchObject({ status: 0 });
  expect(tokens.asked.at(-1)?.scopes).toEqual(['repository:public/box:pull,push']);
  await engine.ok('tag', 'starter', `${tokened.host}/private/box:1`);
  const mounted = await engine.tiffin(['push', `${tokened.host}/private/box:1`], { env });
  expect(mounted.stdout).toContain('Mounted from public/box');
  expect(await engine.tiffin(['pull', '-q', name])).toMatchObject({ status: 0 });
  expect((await engine.tiffin(['pull', '-q', `${tokened.host}/private/box:1`])).status).toBe(1);
});

test('a registry with TLS of an unknown authority is refused, and taken with its certificate in certs.d', async () => {
  const name = `${SEALED}/lunch/box:1`;
  await engine.ok('tag', 'starter', name);
  const refused = await engine.tiffin(['push', name]);
  expect(refused.status).toBe(1);
  mkdirSync(CERTIFICATES, { recursive: true });
  writeFileSync(join(CERTIFICATES, 'ca.crt'), readFileSync(join(engine.directory, 'ca.crt')));
  expect(await engine.tiffin(['push', name])).toMatchObject({ status: 0 });
  await engine.ok('rmi', name);
  expect(await engine.ok('run', '--rm', name, 'echo', 'safe')).toBe('safe');
});

test('mirrors are asked first, one that is down is passed over; another location takes the place', async () => {
  for (const name of ['mirrored/lunch/box:1', 'moved/lunch/box:1']) {
    await engine.ok('tag', 'starter', `${open.host}/${name}`);
    await engine.ok('push', `${open.host}/${name}`);
  }
  expect(await engine.ok('run', '--rm', 'shop.example/lunch/box:1', 'echo', 'mirror')).toBe(
    'mirror',
  );
  expect(await engine.ok('run', '--rm', 'old.example/lunch/box:1', 'echo', 'moved')).toBe('moved');
  expect(await engine.ok('images', '--format', '{{.Repository}}')).toContain(
    'shop.example/lunch/box',
  );
});

async function startSealed(directory: string): Promise<Registry> {
  const at = (name: string) => join(directory, name);
  await must([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=ca',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
  ]);
  await must([
    'openssl',
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=127.0.0.1',
    '-keyout',
    at('tls.key'),
    '-out',
    at('tls.csr'),
  ]);
  writeFileSync(at('tls.ext'), 'subjectAltName=IP:127.0.0.1\n');
  await must([
    'openssl',
    'x509',
    '-req',
    '-in',
    at('tls.csr'),
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('tls.ext'),
    '-out',
    at('tls.crt'),
  ]);
  const http = `  tls:\n    certificate: ${at('tls.crt')}\n    key: ${at('tls.key')}\n`;
  const ca = readFileSync(at('ca.crt'), 'utf8');
  return startRegistry({ directory, name: 'sealed', port: 18_584, http, ca });
}
