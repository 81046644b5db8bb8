/**
 * Netlink framing (netlink(7)): messages with attributes as data, and their bytes.
 * The header's and attributes' numbers are in host order, which is little endian here.
 */

import { ByteWriter } from './bytes.ts';
import { TiffinError } from './errors.ts';

/** A leaf, a nest, or a place where the executor writes the container's pid. */
export type Attribute =
  | { readonly type: number; readonly value: Uint8Array }
  | { readonly type: number; readonly header?: Uint8Array; readonly nest: readonly Attribute[] }
  | { readonly type: number; readonly pid: true };

export interface NetlinkMessage {
  readonly type: number;
  /** NLM_F_*; `request` is added. */
  readonly flags: number;
  /** The family's own header, such as struct ifinfomsg. */
  readonly header: Uint8Array;
  readonly attributes: readonly Attribute[];
}

export interface EncodedMessages {
  readonly bytes: Uint8Array;
  /** Offsets in `bytes` of the u32 that are to become the container's pid. */
  readonly pidOffsets: readonly number[];
}

export const NLM = {
  request: 0x1,
  ack: 0x4,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const;

const NESTED = 0x8000;
const ALIGNMENT = 4;
const MAX_ATTRIBUTE = 0xffff;

/** Encodes messages one after the other, with sequence numbers from 1. */
export function encodeMessages(messages: readonly NetlinkMessage[]): EncodedMessages {
  const writer = new ByteWriter();
  const pidOffsets: number[] = [];
  messages.forEach((message, index) => {
    const start = writer.length;
    writer.u32(0).u16(message.type);
    writer.u16(message.flags | NLM.request);
    writer.u32(index + 1).u32(0);
    writer.bytes(message.header).pad(ALIGNMENT);
    for (const attribute of message.attributes) writeAttribute(writer, attribute, pidOffsets);
    writer.setU32(start, writer.length - start);
  });
  return { bytes: writer.finish(), pidOffsets };
}

export function bytesAttribute(type: number, value: Uint8Array): Attribute {
  return { type, value };
}

export function u8Attribute(type: number, value: number): Attribute {
  return { type, value: Uint8Array.of(value) };
}

export function u16Attribute(type: number, value: number): Attribute {
  return { type, value: new ByteWriter().u16(value).finish() };
}

export function u32Attribute(type: number, value: number): Attribute {
  return { type, value: new ByteWriter().u32(value).finish() };
}

/** Network order, as everything of nftables wants it. */
export function u32beAttribute(type: number, value: number): Attribute {
  return { type, value: new ByteWriter().u32be(value).finish() };
}

/** With the closing NUL. */
export function textAttribute(type: number, value: string): Attribute {
  return { type, value: new ByteWriter().text(value).u8(0).finish() };
}

export function pidAttribute(type: number): Attribute {
  return { type, pid: true };
}

export function nestAttribute(type: number, ...nest: readonly Attribute[]): Attribute {
  return { type, nest };
}

function writeAttribute(writer: ByteWriter, attribute: Attribute, pidOffsets: number[]): void {
  const start = writer.length;
  writer.u16(0).u16('nest' in attribute ? attribute.type | NESTED : attribute.type);
  if ('value' in attribute) {
    writer.bytes(attribute.value);
  } else if ('pid' in attribute) {
    pidOffsets.push(writer.length);
    writer.u32(0);
  } else {
    if (attribute.header !== undefined) writer.bytes(attribute.header);
    for (const inner of attribute.nest) writeAttribute(writer, inner, pidOffsets);
  }
  const length = writer.length - start;
  // A length that wraps in its 16 bits would let a long value forge the attributes behind it (CVE-2021-43784).
  if (length > MAX_ATTRIBUTE) {
    const message = `netlink attribute ${attribute.type}: ${length} bytes are more than ${MAX_ATTRIBUTE}`;
    throw new TiffinError('invalid', 'netlink-attribute-size', message);
  }
  writer.setU16(start, length).pad(ALIGNMENT);
}
