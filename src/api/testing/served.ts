/** A server on a socket of its own over a fake engine, and clients that speak to it byte by byte. */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServeOptions, serveApi } from '../server.ts';
import { FakeEngine } from './fake-engine.ts';

export interface Served extends AsyncDisposable {
  engine: FakeEngine;
  socketPath: string;
  defects: unknown[];
  /** A request through an ordinary client. */
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** A connection for raw bytes. */
  dial(): RawClient;
}

export async function serveFake(bounds: Partial<ServeOptions> = {}): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-api-'));
  const socketPath = join(directory, 'api.sock');
  const engine = new FakeEngine();
  const defects: unknown[] = [];
  const onDefect = (error: unknown) => defects.push(error);
  const server = await serveApi(engine, {
    listen: [{ kind: 'unix', path: socketPath }],
    onDefect,
    ...bounds,
  });
  return {
    engine,
    socketPath,
    defects,
    async ask(method, path, body) {
      const response = await fetch(`http://tiffin${path}`, {
        unix: socketPath,
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'Content-Type': 'application/json' },
        }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type') === 'application/json' && text !== '';
      return { status: response.status, body: isJson ? JSON.parse(text) : text };
    },
    dial: () => new RawClient(socketPath),
    async [Symbol.asyncDispose]() {
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

export class RawClient {
  readonly socket: Socket;
  /** All bytes so far, one character each. */
  seen = '';
  ended = false;
  closed = false;
  readonly #watchers = new Set<() => void>();

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text) => this.#changed(() => (this.seen += String(text))));
    this.socket.on('end', () => this.#changed(() => (this.ended = true)));
    this.socket.on('close', () => this.#changed(() => (this.closed = true)));
    this.socket.on('error', () => undefined);
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Resolves when the bytes so far contain `text`; rejects when the server ends first. */
  async until(text: string): Promise<this> {
    await this.#when(() => this.seen.includes(text) || this.ended || this.closed);
    if (!this.seen.includes(text)) throw new Error(`ended before ${text}: ${this.seen}`);
    return this;
  }

  /** Everything, once the server has ended its side. */
  async untilEnd(): Promise<string> {
    await this.#when(() => this.ended || this.closed);
    return this.seen;
  }

  async untilClosed(): Promise<void> {
    await this.#when(() => this.closed);
  }

  #changed(change: () => void): void {
    change();
    for (const watcher of this.#watchers) watcher();
  }

  #when(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }
}

/** Resolves when the condition holds; looks again after each turn of the event loop. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
