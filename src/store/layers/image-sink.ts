/** A layer as one read-only file-system image. */

import { ErofsWriter } from '../erofs/writer.ts';
import type { TarEvent } from '../tar/entry.ts';
import { layerOp } from './layer-op.ts';
import type { LayerSink } from './unpack.ts';

export class ImageSink implements LayerSink {
  readonly #writer: ErofsWriter;
  #inFile = false;
  #size = 0;

  private constructor(writer: ErofsWriter) {
    this.#writer = writer;
  }

  /** `path`: where the image is to be, and nothing is yet. */
  static async create(path: string): Promise<ImageSink> {
    return new ImageSink(await ErofsWriter.create(path));
  }

  take(events: readonly TarEvent[]): void {
    for (const event of events) {
      if (event.kind === 'data') {
        if (this.#inFile) this.#writer.data(event.offset, event.bytes);
        continue;
      }
      const op = layerOp(event.entry);
      this.#inFile = op?.op === 'tree-file';
      if (op === undefined) continue;
      this.#size += event.entry.size;
      this.#writer.take(op);
    }
  }

  drain(): Promise<void> {
    return this.#writer.drain();
  }

  async finish(): Promise<{ size: number; synced: Promise<void> }> {
    return { size: this.#size, ...(await this.#writer.finish()) };
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
