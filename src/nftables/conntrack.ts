/** Connections that the kernel has already seen (linux/netfilter/nfnetlink_conntrack.h). */

import { ByteWriter } from '../base/bytes.ts';
import {
  type Attribute,
  bytesAttribute,
  encodeMessages,
  NLM,
  nestAttribute,
  u8Attribute,
  u32Attribute,
} from '../base/netlink.ts';

const SUBSYSTEM = 1;
const DELETE = 2;
const ATTRIBUTE = { original: 1, filter: 25 } as const;
const TUPLE = { address: 1, protocol: 2 } as const;
const ADDRESS = { destination4: 2, destination6: 4 } as const;
const PROTOCOL = { number: 1, destinationPort: 3 } as const;
const FILTER_ORIGINAL = 1;
const FLAG = { destinationAddress: 0x2, protocol: 0x8, destinationPort: 0x20 } as const;
const FAMILY = { 4: 2, 16: 10 } as const;

export interface ConnectionFilter {
  /** IP protocol number. */
  protocol: number;
  /** To which port the connection was opened, before any translation. */
  port: number;
  /** 4 or 16 bytes, and then only connections to this address; all zero: to any of the family. */
  address: Uint8Array;
}

/**
 * The bytes of a `netlink` operation that forgets the connections which match. Linux before 6.3 looks for one connection
 * of exactly this tuple instead and answers ENOENT or EINVAL.
 */
export function forgetConnections({ protocol, port, address }: ConnectionFilter): Uint8Array {
  const six = address.length === 16;
  const any = address.every((byte) => byte === 0);
  const flags = FLAG.protocol + FLAG.destinationPort + (any ? 0 : FLAG.destinationAddress);
  const destination = bytesAttribute(six ? ADDRESS.destination6 : ADDRESS.destination4, address);
  const tuple: Attribute[] = [
    ...(any ? [] : [nestAttribute(TUPLE.address, destination)]),
    nestAttribute(
      TUPLE.protocol,
      u8Attribute(PROTOCOL.number, protocol),
      bytesAttribute(PROTOCOL.destinationPort, Uint8Array.of(port >> 8, port & 0xff)),
    ),
  ];
  const message = {
    type: (SUBSYSTEM << 8) + DELETE,
    flags: NLM.ack,
    header: new ByteWriter()
      .u8(six ? FAMILY[16] : FAMILY[4])
      .u8(0)
      .u16be(0)
      .finish(),
    attributes: [
      nestAttribute(ATTRIBUTE.original, ...tuple),
      nestAttribute(ATTRIBUTE.filter, u32Attribute(FILTER_ORIGINAL, flags)),
    ],
  };
  return encodeMessages([message]).bytes;
}
