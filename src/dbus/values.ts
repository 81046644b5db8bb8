/** Values of D-Bus as bytes, little endian: the specification's «Marshaling (Wire Format)». */

import { type ByteReader, ByteWriter } from '../base/bytes.ts';
import { TiffinError } from '../base/errors.ts';
import { alignment, completeTypes } from './signature.ts';

/**
 * y n q i u d: number. x t: bigint. b: boolean. s o g: string. ay: bytes. Other arrays, structs and dictionary entries:
 * lists of their members. v: `Variant`.
 */
export type Value = number | bigint | boolean | string | Uint8Array | Variant | readonly Value[];

export interface Variant {
  signature: string;
  value: Value;
}

const MAX_ARRAY_BYTES = 1 << 20;
const MAX_VARIANT_DEPTH = 16;

export function encodeValues(signature: string, values: readonly Value[]): Uint8Array {
  const writer = new ByteWriter(256);
  writeValues(writer, signature, values);
  return writer.finish();
}

/** The writer must stand at a multiple of 8 of the message. */
export function writeValues(writer: ByteWriter, signature: string, values: readonly Value[]): void {
  const types = completeTypes(signature);
  if (types.length !== values.length) throw mismatch(signature, values);
  types.forEach((type, index) => {
    writeValue(writer, type, values[index] ?? []);
  });
}

/** Throws `bad-message` for what is cut short or of another form. */
export function readValues(reader: ByteReader, signature: string, depth = 0): Value[] {
  return completeTypes(signature).map((type) => readValue(reader, type, depth));
}

function writeValue(writer: ByteWriter, type: string, value: Value): void {
  writer.pad(alignment(type));
  if (type.startsWith('a')) writeArray(writer, type.slice(1), value);
  else if (type.startsWith('(') || type.startsWith('{')) {
    if (!isList(value)) throw mismatch(type, value);
    writeValues(writer, type.slice(1, -1), value);
  } else if (type === 'v') {
    if (!isVariant(value)) throw mismatch(type, value);
    writeText(writer, 'g', value.signature);
    writeValues(writer, value.signature, [value.value]);
  } else if (typeof value === 'number') writeNumber(writer, type, value);
  else if (typeof value === 'bigint' && (type === 't' || type === 'x')) {
    writer.u64(BigInt.asUintN(64, value));
  } else if (typeof value === 'boolean' && type === 'b') writer.u32(value ? 1 : 0);
  else if (typeof value === 'string' && 'sog'.includes(type)) writeText(writer, type, value);
  else throw mismatch(type, value);
}

function writeNumber(writer: ByteWriter, type: string, value: number): void {
  if (type === 'y') writer.u8(value);
  else if (type === 'q' || type === 'n') writer.u16(value & 0xffff);
  else if (type === 'u' || type === 'i') writer.u32(value >>> 0);
  else if (type === 'd') {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value);
    writer.u64(bits.getBigUint64(0));
  } else throw mismatch(type, value);
}

function writeText(writer: ByteWriter, type: string, text: string): void {
  const bytes = new TextEncoder().encode(text);
  if (bytes.includes(0)) throw mismatch(type, text);
  if (type === 'g') writer.u8(bytes.length);
  else writer.u32(bytes.length);
  writer.bytes(bytes).u8(0);
}

function writeArray(writer: ByteWriter, item: string, value: Value): void {
  const at = writer.length;
  writer.u32(0).pad(alignment(item));
  const start = writer.length;
  if (item === 'y' && value instanceof Uint8Array) writer.bytes(value);
  else if (isList(value)) for (const each of value) writeValue(writer, item, each);
  else throw mismatch(`a${item}`, value);
  // The padding ahead of the first item does not count.
  writer.setU32(at, writer.length - start);
}

function readValue(reader: ByteReader, type: string, depth: number): Value {
  skipPadding(reader, alignment(type));
  if (type.startsWith('a')) return readArray(reader, type.slice(1), depth);
  if (type.startsWith('(') || type.startsWith('{')) {
    return readValues(reader, type.slice(1, -1), depth);
  }
  switch (type) {
    case 'y':
      return reader.u8();
    case 'q':
      return reader.u16();
    case 'n':
      return (reader.u16() << 16) >> 16;
    case 'u':
      return reader.u32();
    case 'i':
      return reader.i32();
    case 'b':
      return reader.u32() !== 0;
    case 't':
      return reader.u64();
    case 'x':
      return BigInt.asIntN(64, reader.u64());
    case 'd': {
      const bits = new DataView(new ArrayBuffer(8));
      bits.setBigUint64(0, reader.u64());
      return bits.getFloat64(0);
    }
    case 'v':
      return readVariant(reader, depth + 1);
    default:
      return readText(reader, type === 'g' ? reader.u8() : reader.u32());
  }
}

function readVariant(reader: ByteReader, depth: number): Variant {
  if (depth > MAX_VARIANT_DEPTH) throw badMessage('variants too deep');
  const signature = readText(reader, reader.u8());
  const [value, ...more] = readValues(reader, signature, depth);
  if (value === undefined || more.length > 0) throw badMessage('a variant of not one value');
  return { signature, value };
}

function readText(reader: ByteReader, length: number): string {
  const bytes = reader.bytes(length);
  reader.u8();
  return new TextDecoder().decode(bytes);
}

function readArray(reader: ByteReader, item: string, depth: number): Value {
  const length = reader.u32();
  if (length > MAX_ARRAY_BYTES) throw badMessage(`an array of ${length} bytes`);
  skipPadding(reader, alignment(item));
  if (item === 'y') return reader.bytes(length).slice();
  const end = reader.offset + length;
  const values: Value[] = [];
  while (reader.offset < end) values.push(readValue(reader, item, depth));
  return values;
}

function skipPadding(reader: ByteReader, size: number): void {
  reader.bytes((size - (reader.offset % size)) % size);
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isVariant(value: Value): value is Variant {
  return typeof value === 'object' && 'signature' in value;
}

function mismatch(type: string, value: Value): TiffinError {
  return new TiffinError('internal', 'bad-value', `not a D-Bus value of type ${type}: ${value}`);
}

export function badMessage(reason: string): TiffinError {
  return new TiffinError('unavailable', 'bad-message', `a broken D-Bus message: ${reason}`);
}
