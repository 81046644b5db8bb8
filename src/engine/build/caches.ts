/** Directories of `--mount=type=cache`: they outlive builds, and go by budget or when they are asked to. */

import { existsSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { isHex, randomSuffix } from '../../base/ids.ts';
import type { StepMount } from '../../build/worker.ts';
import { directorySize } from '../directory-size.ts';
import { Mutex } from '../mutex.ts';
import type { Parts } from '../parts.ts';

export interface Lease {
  path: string;
  isNew: boolean;
  release(): void;
}

export interface CacheDirectory {
  name: string;
  bytes: number;
  usedMs: number;
  inUse: boolean;
}

export class Caches {
  readonly #parts: Pick<Parts, 'paths' | 'trash'>;
  readonly #root: string;
  readonly #users = new Map<string, number>();
  readonly #locks = new Map<string, Mutex>();

  constructor(parts: Pick<Parts, 'paths' | 'trash'>) {
    this.#parts = parts;
    this.#root = join(parts.paths.dataRoot, 'build-caches');
  }

  /** `private` gives a fresh one while another step has it; `locked` waits. */
  async lease(key: string, sharing: StepMount['sharing'], signal: AbortSignal): Promise<Lease> {
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
    if (sharing === 'private' && (this.#users.get(key) ?? 0) > 0) {
      return this.#open(`${key}-${randomSuffix()}`, () => undefined);
    }
    if (sharing !== 'locked') return this.#open(key, () => undefined);
    const lock = this.#locks.get(key) ?? new Mutex();
    this.#locks.set(key, lock);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    void lock.run(() => {
      entered.resolve();
      return released;
    });
    await entered.promise;
    if (signal.aborted) release();
    signal.throwIfAborted();
    return this.#open(key, release);
  }

  async list(): Promise<CacheDirectory[]> {
    if (!existsSync(this.#root)) return [];
    return Promise.all(
      readdirSync(this.#root).map(async (name) => ({
        name,
        bytes: await directorySize(join(this.#root, name)),
        usedMs: statSync(join(this.#root, name)).mtimeMs,
        inUse: (this.#users.get(name) ?? 0) > 0,
      })),
    );
  }

  remove(name: string): void {
    if (!isHex(name.replaceAll('-', '')) || (this.#users.get(name) ?? 0) > 0) return;
    renameSync(join(this.#root, name), join(this.#parts.paths.trash, randomSuffix()));
    this.#parts.trash.empty();
  }

  #open(key: string, unlock: () => void): Lease {
    const path = join(this.#root, key);
    const isNew = !existsSync(path);
    if (isNew) mkdirSync(path, { mode: 0o755 });
    utimesSync(path, new Date(), new Date());
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1);
    let held = true;
    return {
      path,
      isNew,
      release: () => {
        if (!held) return;
        held = false;
        const left = (this.#users.get(key) ?? 1) - 1;
        if (left > 0) this.#users.set(key, left);
        else this.#users.delete(key);
        unlock();
      },
    };
  }
}
