/** Files with several names, while an archive is read: which are written, and which wait for their content. */

import { limits } from '../../base/limits.ts';
import type { TarEntry } from '../../store/tar/entry.ts';
import { brokenCpio } from './cpio-header.ts';

interface Waiting {
  entry: TarEntry;
  /** Further names. */
  others: string[];
}

export class HardLinks {
  readonly #written = new Map<string, string>();
  readonly #waiting = new Map<string, Waiting>();
  #names = 0;

  /** The name under which the file has been written. */
  written({ inode }: { inode: string }): string | undefined {
    return this.#written.get(inode);
  }

  /** A name without content, which comes with another one. */
  wait({ inode }: { inode: string }, entry: TarEntry): void {
    this.#count();
    const known = this.#waiting.get(inode);
    if (known === undefined) this.#waiting.set(inode, { entry, others: [] });
    else known.others.push(entry.path);
  }

  /** The content has come under the name `path`; the names that waited for it. */
  finish({ inode }: { inode: string }, path: string): string[] {
    this.#count();
    this.#written.set(inode, path);
    const known = this.#waiting.get(inode);
    this.#waiting.delete(inode);
    return known === undefined ? [] : [known.entry.path, ...known.others];
  }

  unfinished(): Iterable<Waiting> {
    return this.#waiting.values();
  }

  /** They stay in memory until the end of the archive. */
  #count(): void {
    this.#names += 1;
    if (this.#names > limits.imageEntries) throw brokenCpio('too many hard links');
  }
}
