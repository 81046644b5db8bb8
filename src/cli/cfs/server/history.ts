/** What was run and how it ended, in order, in a file of one JSON line each that outlives the server. */

import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { errnoName } from '../../../base/errors.ts';

/** cfs's own words. */
export type RunState = 'Running' | 'Stopped' | 'Stopped: ERROR';

export interface HistoryEntry {
  id: string;
  state: RunState;
  image: string;
  command: string;
}

const STATES: ReadonlySet<unknown> = new Set<RunState>(['Running', 'Stopped', 'Stopped: ERROR']);

/** What is kept of it, and half of what its file may hold. */
export interface HistoryBounds {
  entries: number;
  /** Of their lines. */
  bytes: number;
}

export class History {
  readonly #path: string;
  readonly #most: HistoryBounds;
  #entries: HistoryEntry[];
  /** Of the lines of `#entries`. */
  #bytes: number;
  /** What the file holds, which may be more. */
  #written: HistoryBounds;

  /** `directory` is made, for its owner only. The latest entries are kept. */
  constructor(directory: string, name: string, most: HistoryBounds) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#path = `${directory}/${name}`;
    this.#most = most;
    const lines = readLines(this.#path);
    this.#entries = lines.flatMap(parseLine);
    this.#bytes = bytesOf(this.#entries.map(line).join(''));
    this.#written = { entries: this.#entries.length, bytes: this.#bytes };
    this.#forget();
    // The last line may have been cut short by a crash: what is appended must begin on its own.
    if (lines.length > this.#entries.length) this.#rewrite();
  }

  get entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  /** The latest word on each container that is still remembered. */
  latest(): Map<string, HistoryEntry> {
    return new Map(this.#entries.map((entry) => [entry.id, entry]));
  }

  append(entry: HistoryEntry): void {
    const text = line(entry);
    const bytes = bytesOf(text);
    this.#entries.push(entry);
    this.#bytes += bytes;
    this.#forget();
    const { entries: lines, bytes: size } = this.#written;
    // Rewriting at twice the size makes it rare enough to cost nothing per entry.
    if (lines >= 2 * this.#most.entries || size + bytes > 2 * this.#most.bytes) {
      this.#rewrite();
    } else {
      appendFileSync(this.#path, text, { mode: 0o600 });
      this.#written = { entries: lines + 1, bytes: size + bytes };
    }
  }

  /** The oldest entries, as far as there are too many; never the latest. */
  #forget(): void {
    let gone = Math.max(0, this.#entries.length - this.#most.entries);
    let freed = bytesOf(this.#entries.slice(0, gone).map(line).join(''));
    while (this.#bytes - freed > this.#most.bytes && gone < this.#entries.length - 1) {
      const [oldest] = this.#entries.slice(gone, gone + 1);
      if (oldest !== undefined) freed += bytesOf(line(oldest));
      gone += 1;
    }
    this.#entries.splice(0, gone);
    this.#bytes -= freed;
  }

  /** By a rename: a crash leaves the old file or the new one. */
  #rewrite(): void {
    const temporary = `${this.#path}.new`;
    writeFileSync(temporary, this.#entries.map(line).join(''), { mode: 0o600 });
    renameSync(temporary, this.#path);
    this.#written = { entries: this.#entries.length, bytes: this.#bytes };
  }
}

function line({ id, state, image, command }: HistoryEntry): string {
  return `${JSON.stringify({ id, state, image, command })}\n`;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((text) => text !== '');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Nothing for a line that is no entry. */
function parseLine(text: string): HistoryEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  if (!('id' in value && 'state' in value && 'image' in value && 'command' in value)) return [];
  const { id, state, image, command } = value;
  if (typeof id !== 'string' || typeof image !== 'string' || typeof command !== 'string') return [];
  return isState(state) ? [{ id, state, image, command }] : [];
}

function isState(value: unknown): value is RunState {
  return STATES.has(value);
}
