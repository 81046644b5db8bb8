/** What happened, for `docker events`: a bounded history and its live readers. */

import { limits } from '../base/limits.ts';
import type { EngineEvent, EventType } from '../spec/docker.ts';
import type { EventJournal } from './event-journal.ts';
import { nowNs } from './time.ts';

export interface EventQuery {
  /** ns since 1970, inclusive. */
  sinceNs?: bigint;
  untilNs?: bigint;
  matches: (event: EngineEvent) => boolean;
  signal: AbortSignal;
}

/** A reader that falls this far behind loses its oldest events: the engine's memory does not wait for it. */
const READER_BACKLOG = limits.eventsKept;

export class EventBus {
  readonly #journal: EventJournal | undefined;
  /** Of this engine, and of earlier ones once somebody asked for them. */
  #history: EngineEvent[] = [];
  #hasEarlier = false;
  readonly #readers = new Set<(event: EngineEvent) => void>();
  #lastNs: bigint;

  /** Without a journal the history ends with this engine. */
  constructor(journal?: EventJournal) {
    this.#journal = journal;
    this.#lastNs = journal?.lastNs ?? 0n;
  }

  /** How many follow. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Writes down what the next engine can tell. */
  close(): void {
    this.#journal?.[Symbol.dispose]();
  }

  /** Attributes are Docker's: for a container its labels, `image`, `name` and what the action adds. */
  emit(type: EventType, action: string, id: string, attributes: Record<string, string>): void {
    const ns = this.#now();
    const event: EngineEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Number(ns / 1_000_000_000n),
      timeNano: ns,
    };
    this.#history.push(event);
    this.#journal?.add(event);
    if (this.#history.length > limits.eventsKept * 2) {
      this.#history.splice(0, this.#history.length - limits.eventsKept);
    }
    for (const reader of this.#readers) reader(event);
  }

  /** Hears of every event from now on, at once; it must not throw. */
  watch(listener: (event: EngineEvent) => void): void {
    this.#readers.add(listener);
  }

  /** What the window has already seen, then live events until its end or the signal. */
  async *read(query: EventQuery): AsyncIterable<EngineEvent> {
    const backlog: EngineEvent[] = [];
    let wake = Promise.withResolvers<void>();
    const reader = (event: EngineEvent): void => {
      if (!query.matches(event)) return;
      if (backlog.length >= READER_BACKLOG) backlog.shift();
      backlog.push(event);
      wake.resolve();
    };
    const stop = AbortSignal.any([query.signal, ...deadline(query.untilNs)]);
    stop.addEventListener('abort', () => wake.resolve(), { once: true });
    // Registered before the history is read and within one turn: nothing is lost or seen twice between the two.
    const past = query.sinceNs === undefined ? [] : this.#past(query, query.sinceNs);
    this.#readers.add(reader);
    try {
      yield* past;
      for (;;) {
        yield* backlog.splice(0);
        if (stop.aborted) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      this.#readers.delete(reader);
    }
  }

  #past(query: EventQuery, sinceNs: bigint): EngineEvent[] {
    const { untilNs } = query;
    this.#recallEarlier();
    return this.#history
      .slice(-limits.eventsKept)
      .filter(
        (event) =>
          event.timeNano >= sinceNs &&
          (untilNs === undefined || event.timeNano <= untilNs) &&
          query.matches(event),
      );
  }

  /** Few ask, so the events of earlier engines are not read before somebody does. */
  #recallEarlier(): void {
    if (this.#hasEarlier || this.#journal === undefined) return;
    this.#hasEarlier = true;
    this.#history = [...this.#journal.earlier(), ...this.#history].slice(-limits.eventsKept);
  }

  /** Strictly rising, so that a reader who continues from the last time it saw misses nothing. */
  #now(): bigint {
    const now = nowNs();
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs + 1n;
    return this.#lastNs;
  }
}

/** A window's end as a signal; one in the past is aborted at once. */
function deadline(untilNs: bigint | undefined): AbortSignal[] {
  if (untilNs === undefined) return [];
  const ms = Number(untilNs / 1_000_000n) - Date.now();
  if (ms <= 0) return [AbortSignal.abort()];
  // A timer's delay is 31 bits wide; a window that ends later is left to the caller's signal.
  return ms < 2 ** 31 ? [AbortSignal.timeout(ms)] : [];
}
