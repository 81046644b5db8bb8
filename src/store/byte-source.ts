/** Exact reads from a stream of pieces. */

export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** Exactly `size` bytes, which stay as they are; undefined when the stream ends before them. */
  async take(size: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    for (let left = size; left > 0; ) {
      const part = await this.some(left);
      if (part === undefined) return undefined;
      parts.push(part);
      left -= part.length;
    }
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
  }

  /** From 1 to `most` bytes, as many as are at hand; undefined at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    if (!(await this.#fill())) return undefined;
    const part = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(part.length);
    return part;
  }

  /** Passes over zeros; how many there were. */
  async skipZeros(): Promise<number> {
    let count = 0;
    while (await this.#fill()) {
      const other = this.#piece.findIndex((byte) => byte !== 0);
      const zeros = other < 0 ? this.#piece.length : other;
      this.#piece = this.#piece.subarray(zeros);
      count += zeros;
      if (other >= 0) break;
    }
    return count;
  }

  async atEnd(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** What is left. */
  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const part = await this.some(Number.MAX_SAFE_INTEGER);
        if (part === undefined) return;
        yield part;
      }
    } finally {
      await this.close();
    }
  }

  /** Lets go of the stream, which need not have ended. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#pieces.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#piece.length === 0 && !this.#ended) {
      const next = await this.#pieces.next();
      if (next.done) this.#ended = true;
      else this.#piece = next.value;
    }
    return this.#piece.length > 0;
  }
}
