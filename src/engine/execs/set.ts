/** All execs that somebody may still ask about. */

import { TiffinError } from '../../base/errors.ts';
import type { Exec } from './exec.ts';

/** Ended execs are remembered this long, so that their exit code can be read. */
const KEPT_MS = 5 * 60_000;
/** And never more of them than this, oldest first. */
const MAX_ENDED = 4096;

export class ExecSet {
  readonly #byId = new Map<string, Exec>();
  /** Ended ones in order of their end. */
  readonly #ended: Exec[] = [];

  add(exec: Exec): void {
    this.#sweep();
    this.#byId.set(exec.id, exec);
  }

  /** By full id, or a unique start of one. */
  get(reference: string): Exec {
    const exact = this.#byId.get(reference);
    if (exact !== undefined) return exact;
    const found = [...this.#byId.values()].filter((exec) => exec.id.startsWith(reference));
    const [only] = found;
    if (reference === '' || only === undefined || found.length > 1) {
      const message = `No such exec instance: ${reference.slice(0, 64)}`;
      throw new TiffinError('not-found', 'no-such-exec', message);
    }
    return only;
  }

  ended(exec: Exec): void {
    exec.endedMs = Date.now();
    this.#ended.push(exec);
    this.#sweep();
  }

  idsOf(containerId: string): string[] {
    const live = [...this.#byId.values()].filter((exec) => exec.phase !== 'exited');
    return live.filter((exec) => exec.containerId === containerId).map((exec) => exec.id);
  }

  /** Those of a container that is removed. */
  forget(containerId: string): void {
    for (const exec of this.#byId.values()) {
      if (exec.containerId === containerId) this.#byId.delete(exec.id);
    }
  }

  #sweep(): void {
    const oldest = Date.now() - KEPT_MS;
    for (let exec = this.#ended[0]; exec !== undefined; exec = this.#ended[0]) {
      if (exec.endedMs > oldest && this.#ended.length <= MAX_ENDED) return;
      this.#ended.shift();
      this.#byId.delete(exec.id);
    }
  }
}
