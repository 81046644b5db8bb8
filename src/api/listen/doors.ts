/** Every listener of the API. Nothing listens on TCP unless it was asked for. */

import {
  createServer as createNetServer,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { errnoName, errorMessage, TiffinError } from '../../base/errors.ts';
import { boundSockets, socketHolder } from '../../host/network-facts.ts';
import { claimSocketPath, removeSocket, restrictSocket } from '../socket-file.ts';
import { isLoopback, type ListenAddress } from './address.ts';
import { inheritedSockets } from './inherited.ts';
import type { TlsFiles } from './tls.ts';

export interface DoorOptions {
  listen: readonly ListenAddress[];
  /** Group id that may connect to unix sockets too. */
  group?: number;
  /** What TCP speaks; absent: plain HTTP, on loop-back addresses only. */
  tls?: TlsFiles;
  /** Somebody said in so many words that strangers may do everything. */
  insecure?: boolean;
  warn: (text: string) => void;
}

export interface Porter {
  /** A connection is there; false: it was turned away. */
  arrive(socket: Socket): boolean;
  /** It may ask. */
  enter(socket: Socket, visitor: Visitor): void;
}

/** Who comes in: `unknown` through TCP without a certificate, `known` otherwise. */
export type Visitor = 'known' | 'unknown';

export interface Doors {
  /** Refuses new connections and removes the sockets' files. */
  close(): Promise<void>;
}

/** What can be known to be wrong before an engine starts for it: throws `denied` or `invalid`. */
export async function checkDoors(options: Omit<DoorOptions, 'warn'>): Promise<void> {
  const tcp = plans(options).flatMap((plan) => ('path' in plan ? [] : [plan]));
  for (const { host, at } of tcp) if (host !== undefined) checkReach(host, at, options);
  if (options.tls === undefined) return;
  const { tlsOptions } = await import('./tls.ts');
  tlsOptions(options.tls);
}

/** Throws `conflict` where another engine answers, `denied` for TCP that the whole network could use. All listen, or none. */
export async function openDoors(options: DoorOptions, porter: Porter): Promise<Doors> {
  const open: Door[] = [];
  const close = async () => {
    await Promise.all(open.map((door) => door.close()));
  };
  try {
    for (const plan of plans(options)) open.push(await openDoor(plan, options, porter));
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

interface Door {
  close(): Promise<void>;
}

/** As Node takes it; its types know no descriptor. */
type At = ListenOptions & { fd?: number };
type Plan = { path: string } | { host: string | undefined; at: At };

/** One per socket: `fd://` stands for all that systemd hands over. */
function plans({ listen }: Pick<DoorOptions, 'listen'>): Plan[] {
  return listen.flatMap((address): Plan[] => {
    if (address.kind === 'unix') return [{ path: address.path }];
    if (address.kind === 'tcp') {
      const { host, port } = address;
      return [{ host, at: { host, port } }];
    }
    return inheritedSockets(address.fd).map(({ fd, host }) => ({ host, at: { fd } }));
  });
}

function openDoor(plan: Plan, options: DoorOptions, porter: Porter): Promise<Door> {
  if ('path' in plan) return openPath(plan.path, options.group, porter);
  if (plan.host === undefined) return openSocket(unsecured(porter, 'known'), plan.at);
  return openTcp(plan.host, plan.at, options, porter);
}

async function openPath(path: string, group: number | undefined, porter: Porter): Promise<Door> {
  await claimSocketPath(path);
  // `listen` binds before it returns: under this umask nobody but the owner has a moment to connect.
  const umask = process.umask(0o177);
  let opening: Promise<Door>;
  try {
    opening = openSocket(unsecured(porter, 'known'), { path });
  } finally {
    process.umask(umask);
  }
  const door = await opening;
  restrictSocket(path, group);
  return {
    async close() {
      await door.close();
      removeSocket(path);
    },
  };
}

async function openTcp(host: string, at: At, options: DoorOptions, porter: Porter): Promise<Door> {
  const { tls, warn } = options;
  checkReach(host, at, options);
  if (tls?.ca === undefined) {
    const where = addressText(host, at);
    warn(
      `WARNING: whoever reaches the engine on ${where} is root on this machine: it asks for no certificate`,
    );
  }
  if (tls === undefined) return openSocket(unsecured(porter, 'unknown'), at);
  const { secured } = await import('./tls.ts');
  const visitor = tls.ca === undefined ? 'unknown' : 'known';
  return openSocket(secured(tls, porter, visitor), at);
}

function checkReach(
  host: string,
  at: At,
  { tls, insecure }: Pick<DoorOptions, 'tls' | 'insecure'>,
): void {
  if (tls?.ca !== undefined || isLoopback(host) || insecure === true) return;
  const message = `refusing to listen on ${addressText(host, at)} without --tlsverify: everybody who reaches it would be root on this machine`;
  throw new TiffinError('denied', 'open-tcp', message, {
    hint: 'give --tlsverify with --tlscacert, --tlscert and --tlskey, or say --tls=false if the network is trusted as root is',
  });
}

function addressText(host: string, { port }: At): string {
  return `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
}

function unsecured(porter: Porter, visitor: Visitor): Server {
  return createNetServer({ allowHalfOpen: true }, (socket) => {
    if (porter.arrive(socket)) porter.enter(socket, visitor);
  });
}

async function openSocket(server: Server, at: At): Promise<Door> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  server.listen(at);
  try {
    await listening;
  } catch (error) {
    throw listenFailure(error, at);
  }
  return { close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

/** Who has the port, where it is taken. */
function listenFailure(error: unknown, at: At): TiffinError {
  const where = at.path ?? addressText(at.host ?? `descriptor ${at.fd}`, at);
  const bound = boundSockets('tcp').find(({ port }) => port === at.port);
  const holder =
    errnoName(error) === 'EADDRINUSE' && bound !== undefined
      ? socketHolder(bound.inode)
      : undefined;
  const by = holder === undefined ? '' : ` (by process ${holder.pid}, ${holder.command})`;
  const message = `cannot listen on ${where}: ${errorMessage(error)}${by}`;
  return new TiffinError('unavailable', 'listen-failed', message, {
    hint: 'choose another address with -H',
    cause: error,
  });
}
