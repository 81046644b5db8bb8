/** What a container asks: one DNS message (RFC 1035, RFC 6891), parsed without trust. */

import { decode, type Packet } from 'dns-packet';
import { limits } from '../../base/limits.ts';

export interface Question {
  /** The message as it came. */
  bytes: Uint8Array;
  /** Lower case, without the dot at the end. */
  name: string;
  /** `A`, `AAAA`, `PTR`, …; `UNKNOWN_65` for types without a word. */
  type: string;
  /** `IN` mostly. */
  class: string;
  /** Where the question section ends. */
  end: number;
  /** What its sender takes in one datagram. */
  room: number;
  /** It has an OPT record, and may be answered with one. */
  extended: boolean;
  /** The bits and the OPT flags that change what a server answers. */
  flavour: string;
}

export const HEADER_BYTES = 12;
/** Without EDNS (RFC 1035, 2.3.4). */
const PLAIN_ROOM = 512;
const RECURSION_DESIRED = 0x0100;
const CHECKING_DISABLED = 0x0010;
const TYPE_AND_CLASS_BYTES = 4;

/** Undefined for what is no question with exactly one entry: nothing in it can be relied on, but maybe its id. */
export function parseQuestion(bytes: Uint8Array): Question | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length > limits.nameQueryBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  // A response, another operation than QUERY, or not one question.
  if ((flags & 0xf800) !== 0 || view.getUint16(4) !== 1) return undefined;
  const nameEnd = skipName(bytes, HEADER_BYTES);
  const packet = nameEnd === undefined ? undefined : decodePacket(bytes);
  const [asked] = packet?.questions ?? [];
  if (nameEnd === undefined || packet === undefined || asked === undefined) return undefined;
  const extension = packet.additionals?.find((record) => record.type === 'OPT');
  const asksFor = extension?.type === 'OPT' ? extension : undefined;
  const room = Math.max(PLAIN_ROOM, asksFor?.udpPayloadSize ?? PLAIN_ROOM);
  const bits = flags & (RECURSION_DESIRED | CHECKING_DISABLED);
  return {
    bytes,
    name: asked.name.toLowerCase().replace(/\.$/, ''),
    type: asked.type,
    class: asked.class ?? 'IN',
    end: nameEnd + TYPE_AND_CLASS_BYTES,
    room: Math.min(room, limits.nameDatagramBytes),
    extended: asksFor !== undefined,
    flavour: `${bits}/${asksFor === undefined ? '-' : asksFor.flags}`,
  };
}

/** Where a name ends; undefined when it does not end inside the message. */
export function skipName(bytes: Uint8Array, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1;
    // A pointer ends a name; where it leads does not matter here.
    if (length >= 0xc0) return at + 2 <= bytes.length ? at + 2 : undefined;
    if (length > 63) return undefined;
    at += 1 + length;
  }
}

function decodePacket(bytes: Uint8Array): Packet | undefined {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch {
    // The library throws RangeError and Error for what is cut off or points in circles.
    return undefined;
  }
}
