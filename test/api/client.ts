/** Speaks to an engine's socket as its clients do: whole questions, or bytes on a connection of one's own. */

import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON, as text otherwise; empty without a body. */
  body: unknown;
}

export interface Question {
  /** An object is sent as JSON, bytes as they are. */
  body?: object | Uint8Array;
  headers?: Record<string, string>;
}

export async function ask(
  socket: string,
  method: string,
  path: string,
  { body, headers = {} }: Question = {},
): Promise<Answer> {
  const type = body instanceof Uint8Array ? 'application/x-tar' : 'application/json';
  const response = await fetch(`http://engine${path}`, {
    unix: socket,
    method,
    headers: { ...(body !== undefined && { 'Content-Type': type }), ...headers },
    ...(body !== undefined && {
      body: body instanceof Uint8Array ? body : JSON.stringify(body),
    }),
  });
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
  const isJson = response.headers.get('content-type') === 'application/json' && text !== '';
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && !/\}\r?\n\s*\{/.test(text) ? JSON.parse(text) : text,
  };
}

/** A connection for raw bytes. */
export class Dial {
  readonly socket: Socket;
  seen = '';
  ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.setEncoding('latin1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (text) => this.#change(() => (this.seen += String(text))));
    this.socket.on('end', () => this.#change(() => (this.ended = true)));
    this.socket.on('close', () => this.#change(() => (this.ended = true)));
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Head and body of a request. */
  request(method: string, path: string, headers: readonly string[] = [], body = ''): this {
    const length = body === '' ? [] : [`Content-Length: ${body.length}`];
    const head = [`${method} ${path} HTTP/1.1`, 'Host: d', ...headers, ...length];
    return this.send(`${head.join('\r\n')}\r\n\r\n${body}`);
  }

  /** Resolves when the bytes so far contain `text`; rejects when the engine ends first. */
  async until(text: string): Promise<this> {
    while (!this.seen.includes(text)) {
      if (this.ended) throw new Error(`ended before ${JSON.stringify(text)}: ${this.seen}`);
      await this.#changed.promise;
    }
    return this;
  }

  async untilEnd(): Promise<string> {
    while (!this.ended) await this.#changed.promise;
    return this.seen;
  }

  #change(change: () => void): void {
    change();
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}
