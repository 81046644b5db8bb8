/** Empties the directory of what is on its way out, in the background and one at a time. */

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Background } from './background.ts';

export class Trash {
  readonly #directory: string;
  readonly #background: Background;
  #emptying = false;
  #again = false;

  constructor(directory: string, background: Background) {
    this.#directory = directory;
    this.#background = background;
  }

  /** Returns at once. */
  empty(): void {
    this.#again = true;
    if (this.#emptying) return;
    this.#emptying = true;
    this.#background.run('emptying the trash', () => this.#work());
  }

  async #work(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        for (const name of await readdir(this.#directory)) {
          // Never follows a symbolic link; what a container left there cannot lead elsewhere.
          await rm(join(this.#directory, name), { recursive: true, force: true });
        }
      }
    } finally {
      this.#emptying = false;
    }
  }
}
