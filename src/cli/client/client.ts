/** The Engine API as the commands call it. Errors of the engine arrive as `ApiError` with its message. */

import {
  keepsAlive,
  type RequestHead,
  type ResponseHead,
  readBody,
  readHead,
  sendRequest,
} from './http.ts';
import { ConnectionLost, type Socket } from './socket.ts';

export type Body = object | AsyncIterable<Uint8Array>;

export interface RequestOptions {
  /** An object is sent as JSON. */
  body?: Body;
  headers?: Readonly<Record<string, string>>;
}

/** The engine refused. `message` is its text alone. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** What Tiffin's engine says beyond Docker's API; absent when another engine answered. */
  readonly tiffin: TiffinAnswer | undefined;

  constructor(status: number, message: string, tiffin?: TiffinAnswer) {
    super(message);
    this.status = status;
    this.tiffin = tiffin;
  }
}

export interface TiffinAnswer {
  /** 126 or 127 when a program could not be started; absent for every other failure. */
  exitCode?: number;
}

/** A response whose body has not been read. The connection is freed when the body was read to its end. */
export interface StreamedResponse extends ResponseHead {
  body: AsyncGenerator<Uint8Array>;
}

/** Opens a connection to the engine; starts the engine if need be. */
export type Connect = () => Promise<Socket>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Client {
  readonly #connect: Connect;
  readonly #idle: Socket[] = [];

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  /** The answer's JSON; the caller names its type because the engine is ours. */
  async json<T>(method: string, target: string, body?: object): Promise<T> {
    const text = await this.text(method, target, body);
    return text === '' ? (undefined as T) : (JSON.parse(text) as T);
  }

  async text(method: string, target: string, body?: object): Promise<string> {
    const response = await this.stream(method, target, body === undefined ? {} : { body });
    return readText(response.body);
  }

  async stream(
    method: string,
    target: string,
    options: RequestOptions = {},
  ): Promise<StreamedResponse> {
    const { socket, head } = await this.#exchange(method, target, options, {});
    if (method === 'HEAD') return headAnswer(socket, head);
    const body = this.#freeing(socket, head);
    if (head.status >= 400) throw await apiError(head, body);
    return { ...head, body };
  }

  /** A connection that becomes a byte stream in both directions. */
  async hijack(target: string, body?: object): Promise<Socket> {
    const upgrade = { Upgrade: 'tcp', Connection: 'Upgrade' };
    const options = body === undefined ? {} : { body };
    const { socket, head } = await this.#exchange('POST', target, options, upgrade);
    if (head.status >= 400) throw await apiError(head, readBody(socket, head));
    return socket;
  }

  async #exchange(
    method: string,
    target: string,
    options: RequestOptions,
    extra: Readonly<Record<string, string>>,
  ): Promise<{ socket: Socket; head: ResponseHead }> {
    const { bytes, stream, headers } = encodeBody(options);
    const request: RequestHead = { method, target, headers: { ...headers, ...extra } };
    for (;;) {
      const reused = this.#takeIdle();
      const socket = reused ?? (await this.#connect());
      try {
        return { socket, head: await transact(socket, request, bytes ?? stream) };
      } catch (error) {
        socket.close();
        // The engine may close an idle connection just as it is used again: nothing was handled, so ask on another one.
        if (reused === undefined || stream !== undefined) throw error;
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  #takeIdle(): Socket | undefined {
    for (let socket = this.#idle.pop(); socket !== undefined; socket = this.#idle.pop()) {
      if (socket.idle) return socket;
      socket.close();
    }
    return undefined;
  }

  async *#freeing(socket: Socket, head: ResponseHead): AsyncGenerator<Uint8Array> {
    let whole = false;
    try {
      yield* readBody(socket, head);
      whole = true;
    } finally {
      if (whole && keepsAlive(head)) this.#idle.push(socket);
      else socket.close();
    }
  }
}

/** There is no body, whatever the head says of one. */
function headAnswer(socket: Socket, head: ResponseHead): StreamedResponse {
  socket.close();
  if (head.status >= 400) throw new ApiError(head.status, `status ${head.status}`);
  return { ...head, body: nothing() };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** `/path?key=value`, without the keys whose value is undefined. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
  lists: Readonly<Record<string, readonly string[]>> = {},
): string {
  const single = Object.entries(query).filter(([, value]) => value !== undefined);
  const repeated = Object.entries(lists).flatMap(([key, values]) =>
    values.map((value): [string, string] => [key, value]),
  );
  const pairs = [...single, ...repeated].map(
    ([key, value]) => `${key}=${encodeURIComponent(encodeFlag(value))}`,
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

/** JSON values from a stream of them, one per line. */
export async function* jsonLines<T>(body: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  for await (const line of textLines(body)) yield JSON.parse(line) as T;
}

/** Lines that are not blank. */
export async function* textLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pending = '';
  const streaming = new TextDecoder();
  for await (const bytes of body) {
    pending += streaming.decode(bytes, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (pending.trim() !== '') yield pending;
}

export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  const [only] = pieces;
  return decoder.decode(pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces));
}

async function transact(
  socket: Socket,
  request: RequestHead,
  body: Uint8Array | AsyncIterable<Uint8Array> | undefined,
): Promise<ResponseHead> {
  if (body === undefined || body instanceof Uint8Array) {
    await sendRequest(socket, request, body);
    return readHead(socket);
  }
  // The engine may refuse in the middle of an upload: its answer matters more than our failed write.
  const sent = sendRequest(socket, request, body).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const head = readHead(socket);
  const first = await Promise.race([head.then(() => undefined), sent]);
  if (first !== undefined && !(first.error instanceof ConnectionLost)) throw first.error;
  return head;
}

function encodeBody(options: RequestOptions): {
  bytes?: Uint8Array;
  stream?: AsyncIterable<Uint8Array>;
  headers: Record<string, string>;
} {
  const headers = { ...options.headers };
  if (options.body === undefined) return { headers };
  if (Symbol.asyncIterator in options.body) {
    return { stream: options.body, headers: { 'Content-Type': 'application/x-tar', ...headers } };
  }
  const bytes = encoder.encode(JSON.stringify(options.body));
  return { bytes, headers: { 'Content-Type': 'application/json', ...headers } };
}

async function apiError(head: ResponseHead, body: AsyncIterable<Uint8Array>): Promise<ApiError> {
  const text = await readText(body);
  const { message, exitCode } = errorBody(text);
  const ours = head.headers.get('server')?.startsWith('Tiffin/') === true;
  const tiffin = ours ? (exitCode === undefined ? {} : { exitCode }) : undefined;
  return new ApiError(head.status, message || `status ${head.status}`, tiffin);
}

function errorBody(text: string): { message: string; exitCode?: number } {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) {
      const message = String(parsed.message);
      const exitCode = 'exitCode' in parsed ? parsed.exitCode : undefined;
      return typeof exitCode === 'number' ? { message, exitCode } : { message };
    }
  } catch {
    // Not JSON: an answer of something that is not the engine is shown as it is.
  }
  return { message: text.trim() };
}

function encodeFlag(value: string | number | boolean | undefined): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return String(value);
}
