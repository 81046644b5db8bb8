/** A layer as plain files below a directory, made by the shim. */

import type { TreeSink } from '../../host/tree-process.ts';
import type { TarEvent } from '../tar/entry.ts';
import { TreeEncoder } from './tree-encoder.ts';
import type { LayerSink } from './unpack.ts';

export class DirectorySink implements LayerSink {
  readonly #tree: TreeSink;
  readonly #encoder = new TreeEncoder();

  constructor(tree: TreeSink) {
    this.#tree = tree;
  }

  take(events: readonly TarEvent[]): void {
    this.#encoder.encode(events);
  }

  drain(): Promise<void> {
    return this.#tree.write(this.#encoder.take());
  }

  async finish(): Promise<{ size: number; synced: Promise<void> }> {
    this.#encoder.end();
    await this.drain();
    const { synced } = await this.#tree.finish();
    return { size: this.#encoder.size, synced };
  }

  abort(): Promise<void> {
    return this.#tree.abort();
  }
}
