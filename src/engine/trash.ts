/** Empties the directory of what is on its way out, in the background and one at a time. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../base/errors.ts';
import { removeTree } from '../host/remove-tree.ts';
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
          // The rest waits for the next start: nobody waits for this one's end longer than for one tree.
          if (this.#background.isClosed) return;
          await this.#remove(name);
        }
      }
    } finally {
      this.#emptying = false;
    }
  }

  /** What cannot be removed must not keep the rest. */
  async #remove(name: string): Promise<void> {
    try {
      await removeTree(join(this.#directory, name));
    } catch (error) {
      console.error(`tiffin: emptying the trash: ${name}: ${errorMessage(error)}`);
    }
  }
}
