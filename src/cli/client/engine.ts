/** Where the engine is, and starting it when nobody answers at the default address. */

import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { errnoName, TiffinError } from '../../base/errors.ts';
import type { Connect } from './client.ts';
import { Socket } from './socket.ts';

export const defaultDataRoot = '/var/lib/tiffin';
export const defaultExecRoot = '/run/tiffin';
export const defaultSocket = `${defaultExecRoot}/tiffin.sock`;

/** The descriptor on which a started engine says that it answers, or why not. */
export const readyDescriptor = 3;

const START_LIMIT_MS = 15_000;
const POLL_MS = 10;

/** `host` as in `-H` or TIFFIN_HOST; undefined or the default's address: its engine is started when it is not there. */
export function engineConnector(host: string | undefined): Connect {
  const path = host === undefined ? defaultSocket : socketPath(host);
  if (path !== defaultSocket) return () => connect(path);
  let started: Promise<void> | undefined;
  return async () => {
    try {
      return await Socket.connect(defaultSocket);
    } catch (error) {
      if (!isAbsent(error)) throw connectFailure(defaultSocket, error);
    }
    started ??= startEngine();
    await started;
    return connect(defaultSocket);
  };
}

/** The path of `unix:///path` or a plain absolute path. */
export function socketPath(host: string): string {
  const path = host.startsWith('unix://') ? host.slice('unix://'.length) : host;
  if (/^(?:tcp|https?):\/\//.test(host)) {
    const message = `tiffin's own commands do not speak TCP: ${host}`;
    throw new TiffinError('unsupported', 'no-tcp', message, {
      hint: 'forward the socket, as in ssh -L /tmp/tiffin.sock:/run/tiffin/tiffin.sock HOST, or use the docker client',
    });
  }
  if (!path.startsWith('/')) {
    throw new TiffinError('invalid', 'bad-host', `invalid engine address "${host}"`, {
      hint: 'the engine answers on a unix socket: unix:///path/to/tiffin.sock',
    });
  }
  return path;
}

async function connect(path: string): Promise<Socket> {
  try {
    return await Socket.connect(path);
  } catch (error) {
    throw connectFailure(path, error);
  }
}

function isAbsent(error: unknown): boolean {
  const errno = errnoName(error);
  return errno === 'ENOENT' || errno === 'ECONNREFUSED';
}

function connectFailure(path: string, cause: unknown): TiffinError {
  const errno = errnoName(cause);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new TiffinError(
      'denied',
      'engine-denied',
      `permission denied while connecting to the Tiffin engine at unix://${path}`,
      { hint: 'run this command as root', cause },
    );
  }
  return new TiffinError(
    'unavailable',
    'engine-unavailable',
    `Cannot connect to the Tiffin engine at unix://${path}. Is it running?`,
    { hint: `start it with: tiffin serve -H unix://${path}`, cause },
  );
}

async function startEngine(): Promise<void> {
  if (process.geteuid?.() !== 0) {
    throw new TiffinError('denied', 'not-root', 'Tiffin must be started as root', {
      hint: 'run this command with sudo, or name a running engine with -H or TIFFIN_HOST',
    });
  }
  const report = await spawnEngine();
  if (report === 'ready') return;
  // Two commands at once start two engines; the second one gives up and the first one is about to answer.
  const deadline = performance.now() + START_LIMIT_MS;
  while (/already|another engine/.test(report) && performance.now() < deadline) {
    if (await answers()) return;
    await Bun.sleep(POLL_MS);
  }
  throw new TiffinError(
    'unavailable',
    'engine-start',
    `the engine did not start: ${report || 'it ended without a word'}`,
    { hint: `see ${defaultExecRoot}/engine.log` },
  );
}

async function answers(): Promise<boolean> {
  try {
    (await Socket.connect(defaultSocket)).close();
    return true;
  } catch {
    return false;
  }
}

async function spawnEngine(): Promise<string> {
  mkdirSync(defaultExecRoot, { recursive: true, mode: 0o700 });
  const log = openSync(`${defaultExecRoot}/engine.log`, 'a', 0o600);
  chmodSync(`${defaultExecRoot}/engine.log`, 0o600);
  // A compiled program is its own executable; from source the entry file is an argument.
  const compiled = Bun.main.startsWith('/$bunfs/');
  const command = compiled ? [process.execPath] : [process.execPath, Bun.main];
  const engine = Bun.spawn([...command, 'serve', '--ready-fd', String(readyDescriptor)], {
    stdio: ['ignore', log, log, 'pipe'],
    cwd: '/',
    detached: true,
  });
  closeSync(log);
  engine.unref();
  const pipe = engine.stdio[readyDescriptor];
  return typeof pipe === 'number' ? (await Bun.file(pipe).text()).trim() : '';
}
