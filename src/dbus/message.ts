/** Messages of D-Bus: the specification's «Message Protocol». */

import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { badMessage, encodeValues, readValues, type Value, writeValues } from './values.ts';

export const MESSAGE = { call: 1, reply: 2, error: 3, signal: 4 } as const;

export interface Message {
  type: number;
  serial: number;
  path?: string;
  interface?: string;
  member?: string;
  errorName?: string;
  replySerial?: number;
  destination?: string;
  sender?: string;
  signature?: string;
  body: readonly Value[];
}

/** Header fields by their code. */
const FIELDS = [
  [1, 'path', 'o'],
  [2, 'interface', 's'],
  [3, 'member', 's'],
  [4, 'errorName', 's'],
  [5, 'replySerial', 'u'],
  [6, 'destination', 's'],
  [7, 'sender', 's'],
  [8, 'signature', 'g'],
] as const;

const LITTLE = 0x6c;
const PROTOCOL = 1;
const HEADER_BYTES = 16;
/** What systemd and its buses send here is some kilobytes. */
const MAX_BYTES = 1 << 20;

export function encodeMessage(message: Message): Uint8Array {
  const body = encodeValues(message.signature ?? '', message.body);
  const fields = FIELDS.flatMap(([code, name, signature]) => {
    const value = message[name];
    return value === undefined || value === '' ? [] : [[code, { signature, value }]];
  });
  const writer = new ByteWriter(body.length + 256);
  writer.u8(LITTLE).u8(message.type).u8(0).u8(PROTOCOL).u32(body.length).u32(message.serial);
  writeValues(writer, 'a(yv)', [fields]);
  return writer.pad(8).bytes(body).finish();
}

/** How long the message is that begins with these bytes; undefined while there are too few to tell. */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  // Whoever answers does so in the byte order it was asked in, except for signals on a machine of the other order.
  if (reader.u8() !== LITTLE) throw badMessage('not little endian');
  reader.bytes(3);
  const body = reader.u32();
  reader.u32();
  const fields = reader.u32();
  const length = HEADER_BYTES + fields + ((8 - (fields % 8)) % 8) + body;
  if (length > MAX_BYTES) throw badMessage(`${length} bytes long`);
  return length;
}

/** Throws `bad-message`. */
export function decodeMessage(bytes: Uint8Array): Message {
  try {
    return decode(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof RangeError) throw badMessage('cut short');
    throw error;
  }
}

function decode(reader: ByteReader): Message {
  reader.u8();
  const type = reader.u8();
  reader.bytes(6);
  const message: Message = { type, serial: reader.u32(), body: [] };
  const [fields] = readValues(reader, 'a(yv)');
  if (!Array.isArray(fields)) throw badMessage('no header');
  for (const [code, variant] of fields) setField(message, code, variant.value);
  reader.bytes((8 - (reader.offset % 8)) % 8);
  message.body = readValues(reader, message.signature ?? '');
  return message;
}

function setField(message: Message, code: unknown, value: unknown): void {
  if (code === 5 && typeof value === 'number') message.replySerial = value;
  const row = FIELDS.find(([each]) => each === code);
  if (row !== undefined && row[1] !== 'replySerial' && typeof value === 'string') {
    message[row[1]] = value;
  }
}
