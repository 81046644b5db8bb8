/** The Docker Engine API on a unix socket, and where else it was asked for. */

import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { limits } from '../base/limits.ts';
import type { Engine } from '../engine/contract.ts';
import { API_VERSION } from '../spec/api-version.ts';
import { Connections } from './connections.ts';
import { type Exchange, serveRequest, serveUpgrade } from './exchange.ts';
import { type DoorOptions, openDoors, type Visitor } from './listen/doors.ts';
import { refuseBrowsers } from './listen/strangers.ts';
import { refuseMalformed } from './malformed.ts';
import { admit, MAX_HEAD } from './old-hijack.ts';
import { limitReadAhead } from './request-flow.ts';
import { Rest } from './rest.ts';
import { routes } from './route-table.ts';
import { Router } from './router.ts';

export interface ServeOptions extends Omit<DoorOptions, 'warn'> {
  /** How long clients may take, ms; the defaults are in `limits`. */
  headMs?: number;
  bodyMs?: number;
  /** At once; the default is in `limits`. */
  connections?: number;
  /** Told of what the administrator should know; the default writes to standard error. */
  warn?: (text: string) => void;
  /** Every request is told to `warn` with its answer's status. */
  debug?: boolean;
  /** Told of defects, with their stacks; the default writes to standard error. */
  onDefect?: (error: unknown) => void;
}

export interface ApiServer {
  /** Refuses new connections, cuts the open ones, removes the socket. Containers are not touched. */
  close(): Promise<void>;
}

export async function serveApi(engine: Engine, options: ServeOptions): Promise<ApiServer> {
  const { warn = writeLine } = options;
  const exchange: Exchange = {
    engine,
    router: new Router(routes),
    headers: commonHeaders(engine),
    bodyMs: options.bodyMs ?? limits.apiBodyMs,
    onDefect: options.onDefect ?? writeDefect,
    ...(options.debug === true && {
      onAnswer: ({ method, url }, status) => warn(`${method} ${JSON.stringify(url)} ${status}`),
    }),
  };
  const { connections: most = limits.apiConnections, headMs = limits.apiHeadMs } = options;
  const connections = new Connections({ connections: most, headMs });
  const rest = new Rest();
  const http: Record<Visitor, HttpServer> = {
    known: httpServer(exchange, connections, rest),
    unknown: httpServer({ ...exchange, check: refuseBrowsers }, connections, rest),
  };
  const doors = await openDoors(
    { ...options, warn },
    {
      arrive: (socket) => connections.admit(socket),
      enter: (socket, visitor) =>
        admit(socket, (admitted) => http[visitor].emit('connection', admitted)),
    },
  );
  return {
    async close() {
      const closed = doors.close();
      rest.end();
      connections.cut();
      await closed;
    },
  };
}

/** Parses what the listener hands to it; listens on nothing itself. */
function httpServer(exchange: Exchange, connections: Connections, rest: Rest): HttpServer {
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
    rest.disturb();
    answers.set(request.socket, response);
    limitReadAhead(request, response);
    serveRequest(exchange, request, response).catch(exchange.onDefect);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    connections.headArrived(socket);
    rest.disturb();
    serveUpgrade(exchange, request, socket, head).catch(exchange.onDefect);
  });
  server.on('clientError', (error: Error, socket: Socket) => {
    refuseMalformed(error, socket, answers.get(socket));
  });
  return server;
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

function writeLine(text: string): void {
  process.stderr.write(`${text}\n`);
}

function writeDefect(error: unknown): void {
  process.stderr.write(`tiffin: defect: ${error instanceof Error ? error.stack : String(error)}\n`);
}
