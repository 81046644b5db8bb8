/** A layer's tar members as the bytes of tree operations that `shim unpack` executes. */

import { encodeOp } from '../../plan/encode.ts';
import { OPS, type Op, STAGES } from '../../plan/ops.ts';
import type { TarEvent } from '../tar/entry.ts';
import { layerOp, memberOp } from './layer-op.ts';

const DATA_HEAD = 20;
const HOST_STAGE = STAGES.indexOf('host');

export class TreeEncoder {
  readonly #whiteouts: boolean;
  #out: Uint8Array[] = [];
  /** Whether data of the current member is content. */
  #inFile = false;
  /** Sum of the sizes of all files. */
  size = 0;

  /** Without `whiteouts` their names are names like any other, for archives that are no layers. */
  constructor(options: { whiteouts: boolean } = { whiteouts: true }) {
    this.#whiteouts = options.whiteouts;
  }

  /** Throws `invalid` for a member that no layer may hold. */
  encode(events: readonly TarEvent[]): void {
    for (const event of events) {
      if (event.kind === 'data') {
        if (this.#inFile) this.#data(event.offset, event.bytes);
        continue;
      }
      const op = this.#whiteouts ? layerOp(event.entry) : memberOp(event.entry);
      this.#inFile = op?.op === 'tree-file';
      if (op?.op === 'tree-file') this.size += event.entry.size;
      if (op !== undefined) this.#push(op);
    }
  }

  end(): void {
    this.#push({ op: 'tree-end' });
  }

  /** What was encoded since the last call. */
  take(): Uint8Array[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  /** The head of a `tree-data` operation, then the content itself: content is never copied here. */
  #data(offset: number, bytes: Uint8Array): void {
    this.#out.push(dataHead(BigInt(offset), bytes.length), bytes);
  }

  #push(op: Op): void {
    this.#out.push(encodeOp(op, 'host'));
  }
}

/** What comes before the content of a `tree-data` operation. */
export function dataHead(offset: bigint, size: number): Uint8Array {
  const head = new Uint8Array(DATA_HEAD);
  const view = new DataView(head.buffer);
  view.setUint16(0, OPS['tree-data'].code, true);
  view.setUint8(2, HOST_STAGE);
  view.setUint32(4, DATA_HEAD - 8 + size, true);
  view.setBigUint64(8, offset, true);
  view.setUint32(16, size, true);
  return head;
}
