/** An Engine API on a unix socket whose answers a test decides, and the command line run against it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: string;
}

/** A status and a value that is sent as JSON (a string as it is), or a function that answers by itself. */
export type Answer =
  | [status: number, body?: unknown]
  | ((asked: Asked, response: ServerResponse) => void);

export interface FakeApi extends AsyncDisposable {
  /** The socket's path. */
  socket: string;
  /** Every request so far. */
  asked: Asked[];
  run(argv: string[], options?: RunOptions): Promise<Outcome>;
  spawn(
    argv: string[],
    stdin?: 'pipe' | 'ignore',
  ): Bun.Subprocess<'pipe' | 'ignore', 'pipe', 'pipe'>;
}

export interface RunOptions {
  stdin?: string;
}

export interface Outcome {
  stdout: string;
  stderr: string;
  status: number;
}

export interface Routes {
  /** Keys `GET /containers/json`; longest match of the path wins. */
  answers?: Readonly<Record<string, Answer>>;
  /** Answer without reading the body, then close. */
  refuseBodies?: boolean;
  /** What an attached or executed program does with the connection, after 101 was sent. */
  hijack?: (socket: Socket, asked: Asked) => void;
}

export async function fakeApi(routes: Routes): Promise<FakeApi> {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-cli-'));
  const path = join(directory, 'api.sock');
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const one = routes.refuseBodies === true ? describe(request, '') : await read(request);
    asked.push(one);
    if (routes.refuseBodies === true) response.setHeader('Connection', 'close');
    answer(routes, one, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    const one = describe(request, '');
    asked.push(one);
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    routes.hijack?.(socket, one);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const spawn: FakeApi['spawn'] = (argv, stdin = 'ignore') =>
    Bun.spawn([process.execPath, join(import.meta.dir, 'program.ts'), '-H', path, ...argv], {
      stdin,
      stdout: 'pipe',
      stderr: 'pipe',
    });
  return {
    socket: path,
    asked,
    spawn,
    run: async (argv, options = {}) => {
      const program = spawn(argv, options.stdin === undefined ? 'ignore' : 'pipe');
      if (options.stdin !== undefined && typeof program.stdin === 'object') {
        // A program that was refused does not read to the end.
        program.stdin.write(options.stdin);
        await Promise.resolve(program.stdin.end()).catch(() => undefined);
      }
      const [stdout, stderr, status] = await Promise.all([
        new Response(program.stdout).text(),
        new Response(program.stderr).text(),
        program.exited,
      ]);
      return { stdout, stderr, status };
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** One frame of multiplexed output. */
export function frame(stream: 1 | 2, text: string): Uint8Array {
  const body = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

function answer(routes: Routes, asked: Asked, response: ServerResponse): void {
  const wanted = `${asked.method} ${asked.path}`;
  const keys = Object.keys(routes.answers ?? {}).filter((key) => wanted.startsWith(key));
  const key = keys.sort((a, b) => b.length - a.length)[0] ?? '';
  const found = routes.answers?.[key] ?? [404, { message: `no route for ${wanted}` }];
  if (typeof found === 'function') {
    found(asked, response);
    return;
  }
  const [status, body] = found;
  response.statusCode = status;
  if (body === undefined) response.end();
  else response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<Asked> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return describe(request, Buffer.concat(pieces).toString());
}

function describe(request: IncomingMessage, body: string): Asked {
  const url = new URL(request.url ?? '/', 'http://tiffin');
  return { method: request.method ?? '', path: url.pathname, query: url.searchParams, body };
}
