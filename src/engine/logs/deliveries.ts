/**
 * Hands the lines of containers to the machine's log service. What is handed on is the container's log, so that neither the program nor `logs`
 * waits for the service; a file beside the log says how far it got, and the next engine goes on from there. A line may come twice after an
 * engine was killed; lines that were rotated away before the service took them do not come at all.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { errnoName, errorMessage, TiffinError } from '../../base/errors.ts';
import { type LogAddress, type LogChannel, openLogChannel } from '../../host/log-channel.ts';
import type { Container } from '../containers/container.ts';
import { type LogSource, selectLog } from '../containers/read-log.ts';
import { containerPaths, type Paths } from '../paths.ts';
import { type Delivery, deliveryOf } from './delivery.ts';
import { LineSplitter } from './lines.ts';

/** How long the service may take for the rest after a run has ended; what is left then is for the next run, or the next engine. */
const REST_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

export class Deliveries {
  readonly #paths: Paths;
  readonly #shim: string;
  readonly #stop = new AbortController();
  /** The last run's, by container: runs follow each other. */
  readonly #work = new Map<string, Promise<void>>();

  constructor(paths: Paths, shim: string) {
    this.#paths = paths;
    this.#shim = shim;
  }

  /** Throws `unavailable` when nobody would take the lines: a start fails then, as with Docker. */
  async require({ definition }: Container): Promise<void> {
    const delivery = deliveryOf(definition);
    if (delivery === undefined) return;
    try {
      (await openLogChannel(delivery.address, this.#shim)).close();
    } catch (cause) {
      const message = `failed to initialize logging driver: ${errorMessage(cause)}`;
      throw new TiffinError('unavailable', 'no-log-service', message, { cause });
    }
  }

  /** From now on until the end of the run, or of what is there when nothing runs. */
  start(container: Container): void {
    const delivery = deliveryOf(container.definition);
    if (delivery === undefined || this.#stop.signal.aborted) return;
    const { id } = container;
    const { directory, log } = containerPaths(this.#paths, id);
    const before = this.#work.get(id) ?? Promise.resolve();
    // Asked for now: the run may be over when the one before has been handed on.
    const waiting = container.isRunning ? container.nextExit() : undefined;
    const source = { path: log, nextEnd: () => waiting };
    const work = before
      .then(() => this.#deliver(source, delivery, `${directory}/delivered`))
      .catch((error: unknown) => {
        console.error(`tiffin: log of container ${container.name}: ${errorMessage(error)}`);
      })
      .finally(() => {
        if (this.#work.get(id) === work) this.#work.delete(id);
      });
    this.#work.set(id, work);
  }

  /** Resolves when nothing is handed on any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#work.values());
  }

  async #deliver(source: LogSource, { address, encode }: Delivery, place: string): Promise<void> {
    using rest = restOf(source);
    const signal = AbortSignal.any([this.#stop.signal, rest.signal]);
    const everything = { stdout: true, stderr: true, tail: undefined, untilNs: undefined };
    const sinceNs = readPlace(place) + 1n;
    const log = await selectLog(source, { ...everything, follow: true, sinceNs, signal });
    using sender = new Sender(address, this.#shim, signal);
    const lines = new LineSplitter();
    for await (const chunk of log) {
      for (const line of lines.push(chunk)) await sender.send(encode(line));
      if (signal.aborted) return;
      // A line that has only begun is not handed on yet.
      if (!lines.pending) writePlace(place, chunk.timeNs);
    }
    for (const line of lines.flush()) await sender.send(encode(line));
  }
}

/** Aborted some time after the end of the run. */
function restOf(source: LogSource): Disposable & { signal: AbortSignal } {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  void source.nextEnd()?.status.then(() => {
    timer = setTimeout(() => over.abort(), REST_MS);
  });
  return { signal: over.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

/** One way to the service, found again when it is lost. */
class Sender implements Disposable {
  readonly #address: LogAddress;
  readonly #shim: string;
  readonly #signal: AbortSignal;
  #channel: LogChannel | undefined;

  constructor(address: LogAddress, shim: string, signal: AbortSignal) {
    this.#address = address;
    this.#shim = shim;
    this.#signal = signal;
  }

  /** Resolves when the service has the message, or nobody waits for that any more. */
  async send(message: Uint8Array): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    const stop = () => stopped.resolve();
    this.#signal.addEventListener('abort', stop, { once: true });
    try {
      for (let pause = FIRST_PAUSE_MS; !this.#signal.aborted; pause *= 2) {
        if (await this.#try(message, stopped.promise)) return;
        await Promise.race([Bun.sleep(Math.min(pause, LONGEST_PAUSE_MS)), stopped.promise]);
      }
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }

  async #try(message: Uint8Array, stopped: Promise<void>): Promise<boolean> {
    try {
      this.#channel ??= await openLogChannel(this.#address, this.#shim);
      await Promise.race([this.#channel.send(message), stopped]);
      return true;
    } catch {
      this.#channel?.close();
      this.#channel = undefined;
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#channel?.close();
  }
}

/** The time of the last record that was handed on, ns since 1970. */
function readPlace(path: string): bigint {
  try {
    const text = readFileSync(path, 'utf8');
    return /^[0-9]{1,20}$/.test(text) ? BigInt(text) : 0n;
  } catch (cause) {
    if (errnoName(cause) === 'ENOENT') return 0n;
    throw cause;
  }
}

/** Not synced: after a power failure lines come twice. */
function writePlace(path: string, timeNs: bigint): void {
  try {
    writeFileSync(path, String(timeNs), { mode: 0o600 });
  } catch (cause) {
    // The container was removed meanwhile.
    if (errnoName(cause) !== 'ENOENT') throw cause;
  }
}
