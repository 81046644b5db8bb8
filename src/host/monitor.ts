/** A client of one container's monitor. */

import { limits } from '../base/limits.ts';
import { parseExitRecord } from './exit-record.ts';
import type { Frame, Hello } from './frame-codec.ts';
import { decodeHello, encodeFrame, frameHead } from './frame-codec.ts';
import { FrameConnection } from './frame-connection.ts';
import type { ExitRecord } from './frames.ts';
import { FRAMES } from './frames.ts';
import { OutputQueue } from './output-queue.ts';

export { parseExitRecord } from './exit-record.ts';

/** A piece of output. The bytes belong to the receiver. */
export interface OutputChunk {
  stream: 1 | 2;
  bytes: Uint8Array;
}

/** Bits of `Monitor.subscribe`. */
export const STDOUT = 1;
export const STDERR = 2;
/** Bit of the protocol, not for callers: `serveQueries` sets it. */
const QUERIES = 4;
/** Of a query: which socket, and where its answer goes. */
const PLACE_BYTES = 12;
const TCP = 6;

/** A DNS query of the container. The answer goes to whoever asked; undefined: none. */
export type QueryHandler = (
  message: Uint8Array,
  transport: 'udp' | 'tcp',
) => Promise<Uint8Array | undefined>;

export class Monitor {
  readonly #hello: Hello;
  #input: Promise<void> = Promise.resolve();
  readonly #connection: FrameConnection;
  readonly #output: OutputQueue;
  #streams: number;
  #queries: QueryHandler | undefined;
  /** The exit record; undefined: the connection ended without one, and the file `exit` may tell. */
  readonly exited: Promise<ExitRecord | undefined>;
  #settle: (record: ExitRecord | undefined) => void = () => {};

  /** For `Launcher` and `connectMonitor`, which hand over a connection whose first frames they took. */
  constructor(connection: FrameConnection, hello: Hello, output: OutputQueue, streams = 0) {
    this.#streams = streams;
    this.#connection = connection;
    this.#hello = hello;
    this.#output = output;
    this.exited = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** The container's process, as the host numbers it. */
  get pid(): number {
    return this.#hello.pid;
  }

  get monitorPid(): number {
    return this.#hello.monitorPid;
  }

  /** Field 22 of proc_pid_stat(5): with the pid it names the process beyond doubt. */
  get startTime(): bigint {
    return this.#hello.startTime;
  }

  get startedNs(): bigint {
    return this.#hello.startedNs;
  }

  /**
   * Output from the moment of `subscribe` on; ends with the container or the connection. One consumer. A consumer that
   * does not read stops the container's output once about 2 MiB wait.
   */
  get output(): AsyncIterable<OutputChunk> {
    return this.#output;
  }

  /** Chooses streams: bits STDOUT and STDERR; 0 for none. */
  subscribe(mask: number): Promise<void> {
    this.#streams = mask;
    const all = mask | (this.#queries === undefined ? 0 : QUERIES);
    return this.#connection.write(encodeFrame('subscribe', Uint8Array.of(all)));
  }

  /** From now on `handler` gets what the container asks by name; what it asked before waits for that. */
  serveQueries(handler: QueryHandler): Promise<void> {
    this.#queries = handler;
    return this.subscribe(this.#streams);
  }

  /** Settles when the monitor's socket has taken all of it. */
  /** In the order of the calls, also when a caller does not wait: a close or another piece must not overtake a long write. */
  writeStdin(bytes: Uint8Array): Promise<void> {
    return this.#afterInput(() => this.#writePieces(bytes));
  }

  closeStdin(): Promise<void> {
    return this.#afterInput(() => this.#connection.write(encodeFrame('stdinClose')));
  }

  #afterInput(work: () => Promise<void>): Promise<void> {
    const done = this.#input.then(work);
    this.#input = done.catch(() => undefined);
    return done;
  }

  async #writePieces(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += limits.frameBytes) {
      const piece = bytes.subarray(at, at + limits.frameBytes);
      const head = this.#connection.write(frameHead('stdin', piece.length));
      await Promise.all([head, this.#connection.write(piece)]);
    }
  }

  resize(rows: number, columns: number): Promise<void> {
    const payload = new Uint8Array(4);
    const view = new DataView(payload.buffer);
    view.setUint16(0, Math.min(rows, 0xffff), true);
    view.setUint16(2, Math.min(columns, 0xffff), true);
    return this.#connection.write(encodeFrame('resize', payload));
  }

  /** Sends a signal to the container's process through the monitor's pidfd. */
  signal(number: number): Promise<void> {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, number, true);
    return this.#connection.write(encodeFrame('signal', payload));
  }

  /** Leaves; the container runs on. */
  close(): void {
    this.#connection.close();
  }

  /** For the connection's owner. */
  take(frame: Frame): void {
    if (frame.type === FRAMES.stdout) this.#output.push({ stream: 1, bytes: frame.payload });
    else if (frame.type === FRAMES.stderr) this.#output.push({ stream: 2, bytes: frame.payload });
    else if (frame.type === FRAMES.query) void this.#answer(frame.payload);
    else if (frame.type === FRAMES.exit) {
      this.#settle(parseExitRecord(frame.payload));
      this.#output.end();
    }
  }

  /** Every query is answered, if only with nothing: the monitor counts those that wait. */
  async #answer(query: Uint8Array): Promise<void> {
    if (query.length < PLACE_BYTES) return;
    const place = query.slice(0, PLACE_BYTES);
    const message = query.slice(PLACE_BYTES);
    const transport = place[0] === TCP ? 'tcp' : 'udp';
    const answer = await this.#queries?.(message, transport).catch(() => undefined);
    const payload = new Uint8Array(PLACE_BYTES + (answer?.length ?? 0));
    payload.set(place);
    if (answer !== undefined) payload.set(answer, PLACE_BYTES);
    // The connection may have ended meanwhile; the next engine is asked again.
    await this.#connection.write(encodeFrame('answer', payload)).catch(() => undefined);
  }

  /** For the connection's owner. */
  ended(): void {
    this.#settle(undefined);
    this.#output.end();
  }
}

/** Connects to a running monitor's `attach.sock`. @throws Error with `code` ENOENT or ECONNREFUSED when there is none. */
export async function connectMonitor(socketPath: string): Promise<Monitor> {
  let monitor: Monitor | undefined;
  const connected = Promise.withResolvers<Monitor>();
  // A connection that never comes about fails in `open` too; once is enough.
  connected.promise.catch(() => {});
  await FrameConnection.open(socketPath, {
    frame(frame, connection) {
      if (monitor !== undefined) monitor.take(frame);
      else if (frame.type === FRAMES.hello) {
        monitor = new Monitor(connection, decodeHello(frame.payload), new OutputQueue(connection));
        connected.resolve(monitor);
      }
    },
    end(error) {
      monitor?.ended();
      connected.reject(error ?? Object.assign(new Error('monitor left'), { code: 'ECONNREFUSED' }));
    },
  });
  return connected.promise;
}
