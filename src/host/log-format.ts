/**
 * The container log as a monitor writes it (shim/log.c), little endian, one record per read of the container's output:
 *
 *   u32 payload length, u8 stream, u8 flags (1: does not end a line), u16 zero, u64 time (ns since 1970), payload,
 *   u32 payload length again, so that a reader can walk from the end
 *
 * `log` is the newest file, `log.1` the one before. A record never spans files.
 */

import { assert } from '../base/errors.ts';

export const LOG_HEAD_BYTES = 16;
export const LOG_TAIL_BYTES = 4;
/** A monitor reads at most this much at once; a longer length is a broken file. */
export const LOG_PAYLOAD_BYTES = 64 * 1024;
const FLAG_PARTIAL = 1;
const LINE_FEED = 10;

export interface LogRecord {
  stream: 1 | 2;
  /** The payload does not end with a line feed: the next record of the stream goes on. */
  partial: boolean;
  timeNs: bigint;
  /** A view into the buffer that was read. */
  payload: Uint8Array;
}

/** Whole records at the start of `bytes`; `used` bytes of it. `broken`: what follows is no record. */
export function decodeRecords(bytes: Uint8Array): {
  records: LogRecord[];
  used: number;
  broken: boolean;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: LogRecord[] = [];
  let at = 0;
  while (bytes.length - at >= LOG_HEAD_BYTES + LOG_TAIL_BYTES) {
    const length = view.getUint32(at, true);
    const stream = bytes[at + 4];
    if (length > LOG_PAYLOAD_BYTES || (stream !== 1 && stream !== 2)) {
      return { records, used: at, broken: true };
    }
    const end = at + LOG_HEAD_BYTES + length;
    if (end + LOG_TAIL_BYTES > bytes.length) break;
    if (view.getUint32(end, true) !== length) return { records, used: at, broken: true };
    records.push({
      stream,
      partial: ((bytes[at + 5] ?? 0) & FLAG_PARTIAL) !== 0,
      timeNs: view.getBigUint64(at + 8, true),
      payload: bytes.subarray(at + LOG_HEAD_BYTES, end),
    });
    at = end + LOG_TAIL_BYTES;
  }
  return { records, used: at, broken: false };
}

/** The bytes of one record, for a log that is not a container's own, such as a build's. */
export function encodeRecord(stream: 1 | 2, timeNs: bigint, payload: Uint8Array): Uint8Array {
  assert(payload.length > 0 && payload.length <= LOG_PAYLOAD_BYTES, 'payload fits a record');
  const bytes = new Uint8Array(LOG_HEAD_BYTES + payload.length + LOG_TAIL_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  bytes[4] = stream;
  bytes[5] = payload[payload.length - 1] === LINE_FEED ? 0 : FLAG_PARTIAL;
  view.setBigUint64(8, timeNs, true);
  bytes.set(payload, LOG_HEAD_BYTES);
  view.setUint32(LOG_HEAD_BYTES + payload.length, payload.length, true);
  return bytes;
}
