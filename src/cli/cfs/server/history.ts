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

export class History {
  readonly #path: string;
  readonly #most: number;
  #entries: HistoryEntry[];
  /** Lines in the file, which may be more than what is kept. */
  #lines: number;

  /** `directory` is made, for its owner only. At most `most` entries are kept, the latest. */
  constructor(directory: string, name: string, most: number) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#path = `${directory}/${name}`;
    this.#most = most;
    const lines = readLines(this.#path);
    this.#entries = lines.flatMap(parseLine).slice(-most);
    this.#lines = lines.length;
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
    this.#entries.push(entry);
    if (this.#entries.length > this.#most) this.#entries = this.#entries.slice(-this.#most);
    // Rewriting at twice the size makes it rare enough to cost nothing per entry.
    if (this.#lines >= 2 * this.#most) {
      this.#rewrite();
    } else {
      appendFileSync(this.#path, line(entry), { mode: 0o600 });
      this.#lines += 1;
    }
  }

  /** By a rename: a crash leaves the old file or the new one. */
  #rewrite(): void {
    const temporary = `${this.#path}.new`;
    writeFileSync(temporary, this.#entries.map(line).join(''), { mode: 0o600 });
    renameSync(temporary, this.#path);
    this.#lines = this.#entries.length;
  }
}

function line({ id, state, image, command }: HistoryEntry): string {
  return `${JSON.stringify({ id, state, image, command })}\n`;
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
