/** The launcher: one shim process per engine that executes plans, each in a process of its own. */

import type { Subprocess } from 'bun';
import { ByteReader } from '../base/bytes.ts';
import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Frame } from './frame-codec.ts';
import { decodeHello, encodeFrame } from './frame-codec.ts';
import { FrameConnection } from './frame-connection.ts';
import { FRAMES } from './frames.ts';
import { Monitor } from './monitor.ts';
import { OutputQueue } from './output-queue.ts';

/** Why a plan failed. `stage` is an index into the plan room's STAGES; `detail` the operand that failed. */
export interface LaunchFailure {
  stage: number;
  opIndex: number;
  errno: number;
  detail: string;
}

/** Nanoseconds per operation of the plan; 0xffffffff: it did not run. */
export type Durations = Uint32Array;

export type LaunchResult =
  | { ok: true; monitor: Monitor; durations: Durations }
  | { ok: false; failure: LaunchFailure; durations: Durations };

export type ApplyResult =
  | { ok: true; durations: Durations }
  | { ok: false; failure: LaunchFailure; durations: Durations };

type LauncherProcess = Subprocess<'pipe', 'pipe', 'inherit'>;

export class Launcher {
  readonly #process: LauncherProcess;
  readonly #socket: string;
  /** Layer images that the process has mounted. */
  readonly #held = new Set<string>();

  private constructor(process: LauncherProcess, socket: string) {
    this.#process = process;
    this.#socket = socket;
  }

  /** The name of each nftables table that somebody removed, of whatever family; `*`: some that are not known. */
  async *removedTables(): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of this.#process.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      yield* lines;
    }
  }

  /**
   * Starts `shim launcher socket` and waits until it listens. It ends when `close` is called or this process dies.
   *
   * @throws TiffinError `launcher-failed` when it ends instead; its standard error says why.
   */
  static async start(shim: string, socket: string): Promise<Launcher> {
    const child = Bun.spawn([shim, 'launcher', socket], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
      env: {},
    });
    const reader = child.stdout.getReader();
    const { done } = await reader.read();
    reader.releaseLock();
    if (done) {
      throw new TiffinError('internal', 'launcher-failed', `the launcher did not start: ${shim}`);
    }
    child.unref();
    return new Launcher(child, socket);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Settles when the launcher process has ended. */
  get ended(): Promise<number> {
    return this.#process.exited;
  }

  /**
   * Executes a plan whose `supervise` mode is 2. `subscribe` 1 stdout, 2 stderr: from the first byte on.
   * A failed step is a result; the promise rejects only when the launcher itself does not answer.
   */
  async launch(plan: Uint8Array, options: { subscribe?: number } = {}): Promise<LaunchResult> {
    const answer = await this.#send(plan, options.subscribe ?? 0);
    if (answer.failure !== undefined) {
      return { ok: false, failure: answer.failure, durations: answer.durations };
    }
    return { ok: true, monitor: answer.monitor, durations: answer.durations };
  }

  /** Executes a plan without a container: host steps only. */
  async apply(plan: Uint8Array): Promise<ApplyResult> {
    const answer = await this.#send(plan, 0);
    if (answer.failure !== undefined) {
      return { ok: false, failure: answer.failure, durations: answer.durations };
    }
    answer.monitor.close();
    return { ok: true, durations: answer.durations };
  }

  /** Mounts layer images once for all launches to come; a layer that is not held is mounted for each launch. */
  hold(images: readonly string[]): void {
    const wanted = images.filter((path) => !this.#held.has(path));
    for (const path of wanted) this.#instruct('+', path);
  }

  /** Lets go of a layer image that was removed, so that its space is free once no container uses it. */
  drop(image: string): void {
    if (this.#held.delete(image)) this.#instruct('-', image);
  }

  close(): void {
    this.#process.stdin.end();
  }

  #instruct(sign: '+' | '-', path: string): void {
    if (sign === '+') this.#held.add(path);
    this.#process.stdin.write(`${sign}${path}\0`);
    this.#process.stdin.flush();
  }

  async #send(plan: Uint8Array, subscribe: number): Promise<LaunchAnswer> {
    if (plan.length > limits.planBytes) {
      throw new TiffinError('invalid', 'plan-too-large', `plan of ${plan.length} bytes`);
    }
    const exchange = new LaunchExchange(subscribe);
    // A connection that never comes about fails in `open` too; once is enough.
    exchange.answer.promise.catch(() => {});
    const connection = await FrameConnection.open(this.#socket, exchange);
    if (subscribe !== 0) void connection.write(encodeFrame('subscribe', Uint8Array.of(subscribe)));
    // A failure to write shows as the end of the connection, which settles the answer.
    connection.write(encodeFrame('launch', plan)).catch(() => {});
    const answer = await exchange.answer.promise;
    if (answer.failure !== undefined) connection.close();
    return answer;
  }
}

type LaunchAnswer =
  | { failure: LaunchFailure; durations: Durations }
  | { failure?: undefined; monitor: Monitor; durations: Durations };

/** Takes the frames of one launch connection; after `started` they are the monitor's. */
class LaunchExchange {
  readonly answer = Promise.withResolvers<LaunchAnswer>();
  readonly #streams: number;
  #durations: Durations = new Uint32Array(0);
  #monitor: Monitor | undefined;

  constructor(streams: number) {
    this.#streams = streams;
  }

  frame(frame: Frame, connection: FrameConnection): void {
    if (this.#monitor !== undefined) this.#monitor.take(frame);
    else if (frame.type === FRAMES.report) this.#addDurations(frame.payload);
    else if (frame.type === FRAMES.failed) this.#fail(frame.payload);
    else if (frame.type === FRAMES.started) this.#start(frame.payload, connection);
  }

  end(error: Error | undefined): void {
    this.#monitor?.ended();
    this.answer.reject(
      new TiffinError('unavailable', 'launcher-gone', 'the launcher ended without an answer', {
        cause: error,
      }),
    );
  }

  #addDurations(payload: Uint8Array): void {
    const reader = new ByteReader(payload);
    const first = reader.u32();
    const count = Math.floor(reader.left / 4);
    const durations = new Uint32Array(Math.max(this.#durations.length, first + count));
    durations.set(this.#durations);
    for (let i = 0; i < count; i++) durations[first + i] = reader.u32();
    this.#durations = durations;
  }

  #fail(payload: Uint8Array): void {
    const reader = new ByteReader(payload);
    const stage = reader.u8();
    reader.skip(1);
    const failure: LaunchFailure = {
      stage,
      opIndex: reader.u16(),
      errno: reader.u32(),
      detail: reader.text(reader.left),
    };
    this.answer.resolve({ failure, durations: this.#durations });
  }

  #start(payload: Uint8Array, connection: FrameConnection): void {
    const output = new OutputQueue(connection);
    const monitor = new Monitor(connection, decodeHello(payload), output, this.#streams);
    this.#monitor = monitor;
    this.answer.resolve({ monitor, durations: this.#durations });
  }
}
