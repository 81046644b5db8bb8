/**
 * Events in the database, so that `events --since` reaches back beyond the start of the engine. They are written a moment after they happened and
 * many at a time: a start and its end cost no transaction of their own. An engine that is killed loses the events of that moment.
 */

import { limits } from '../base/limits.ts';
import type { Database } from '../host/database.ts';
import type { EngineEvent } from '../spec/docker.ts';

const SCHEMA =
  'CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, body TEXT NOT NULL) STRICT';
const WRITE_AFTER_MS = 200;

export class EventJournal implements Disposable {
  readonly #database: Database;
  /** Of this engine, not yet written. */
  #pending: EngineEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The last of earlier engines. */
  readonly #lastBefore: number;

  constructor(database: Database) {
    this.#database = database;
    database.schema(SCHEMA);
    this.#lastBefore = Number(database.get('SELECT max(seq) AS seq FROM events')?.seq ?? 0);
  }

  /** When the newest event of earlier engines happened, ns since 1970; 0 without one. */
  get lastNs(): bigint {
    // As text: a double does not hold it.
    const row = this.#database.get('SELECT CAST(max(time_ns) AS TEXT) AS ns FROM events');
    return BigInt(typeof row?.ns === 'string' ? row.ns : 0);
  }

  add(event: EngineEvent): void {
    this.#pending.push(event);
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#writeIfPossible(), WRITE_AFTER_MS);
    this.#timer.unref();
  }

  /** What earlier engines wrote, oldest first. */
  earlier(): EngineEvent[] {
    return this.#database
      .all('SELECT body FROM events WHERE seq <= ? ORDER BY seq', this.#lastBefore)
      .flatMap(({ body }) => parseEvent(String(body)));
  }

  /** Writes what waits. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#write();
  }

  /** A full disk costs the record of an event, never what the event is about. */
  #writeIfPossible(): void {
    this.#timer = undefined;
    try {
      this.#write();
    } catch {
      this.#pending = this.#pending.slice(-limits.eventsKept);
    }
  }

  #write(): void {
    if (this.#pending.length === 0) return;
    this.#database.transaction(() => {
      for (const event of this.#pending) {
        const body = JSON.stringify({ ...event, timeNano: String(event.timeNano) });
        this.#database.run(
          'INSERT INTO events (time_ns, body) VALUES (?, ?)',
          event.timeNano,
          body,
        );
      }
      this.#database.run(
        'DELETE FROM events WHERE seq <= (SELECT max(seq) FROM events) - ?',
        limits.eventsKept,
      );
    });
    this.#pending = [];
  }
}

/** Nothing for a row that another version of the engine wrote otherwise. */
function parseEvent(body: string): EngineEvent[] {
  try {
    const { timeNano, ...rest } = JSON.parse(body);
    return [{ ...rest, timeNano: BigInt(timeNano) }];
  } catch {
    return [];
  }
}
