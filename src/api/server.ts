/** The Docker Engine API on a unix socket. */

import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { limits } from '../base/limits.ts';
import type { Engine } from '../engine/contract.ts';
import { API_VERSION } from '../spec/api-version.ts';
import { Connections } from './connections.ts';
import { type Exchange, serveRequest, serveUpgrade } from './exchange.ts';
import { refuseMalformed } from './malformed.ts';
import { admit, MAX_HEAD } from './old-hijack.ts';
import { limitReadAhead } from './request-flow.ts';
import { routes } from './route-table.ts';
import { Router } from './router.ts';
import { claimSocketPath, removeSocket, restrictSocket } from './socket-file.ts';

export interface ServeOptions {
  socketPath: string;
  /** Group id that may connect too. */
  group?: number;
  /** How long clients may take, ms; the defaults are in `limits`. */
  headMs?: number;
  bodyMs?: number;
  /** At once; the default is in `limits`. */
  connections?: number;
  /** Told of defects, with their stacks; the default writes to standard error. */
  onDefect?: (error: unknown) => void;
}

export interface ApiServer {
  /** Refuses new connections, cuts the open ones, removes the socket. Containers are not touched. */
  close(): Promise<void>;
}

export async function serveApi(engine: Engine, options: ServeOptions): Promise<ApiServer> {
  const exchange: Exchange = {
    engine,
    router: new Router(routes),
    headers: commonHeaders(engine),
    bodyMs: options.bodyMs ?? limits.apiBodyMs,
    onDefect: options.onDefect ?? writeDefect,
  };
  await claimSocketPath(options.socketPath);
  const { connections: most = limits.apiConnections, headMs = limits.apiHeadMs } = options;
  const connections = new Connections({ connections: most, headMs });
  const http = httpServer(exchange, connections);
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    if (!connections.admit(socket)) return;
    admit(socket, (admitted) => http.emit('connection', admitted));
  });
  await listen(server, options);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.cut();
      await closed;
      removeSocket(options.socketPath);
    },
  };
}

/** Parses what the listener hands to it; listens on nothing itself. */
function httpServer(exchange: Exchange, connections: Connections) {
  // No time limits of the server's own: uploads and followed logs take as long as they take.
  const server = createHttpServer({
    maxHeaderSize: MAX_HEAD,
    keepAliveTimeout: 0,
    requestTimeout: 0,
    headersTimeout: 0,
  });
  server.timeout = 0;
  const answers = new WeakMap<Socket, ServerResponse>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    connections.headArrived(request.socket);
    answers.set(request.socket, response);
    limitReadAhead(request, response);
    serveRequest(exchange, request, response).catch(exchange.onDefect);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    connections.headArrived(socket);
    serveUpgrade(exchange, request, socket, head).catch(exchange.onDefect);
  });
  server.on('clientError', (error: Error, socket: Socket) => {
    refuseMalformed(error, socket, answers.get(socket));
  });
  return server;
}

async function listen(server: Server, options: ServeOptions): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  // `listen` binds before it returns: under this umask nobody but the owner has a moment to connect.
  const umask = process.umask(0o177);
  try {
    server.listen(options.socketPath);
  } finally {
    process.umask(umask);
  }
  await listening;
  restrictSocket(options.socketPath, options.group);
}

function commonHeaders(engine: Engine): Record<string, string> {
  const version = engine.system.version();
  return {
    'Api-Version': API_VERSION,
    'Docker-Experimental': String(version.Experimental),
    Ostype: version.Os,
    Server: `Tiffin/${version.Version} (${version.Os})`,
  };
}

function writeDefect(error: unknown): void {
  process.stderr.write(`tiffin: defect: ${error instanceof Error ? error.stack : String(error)}\n`);
}
