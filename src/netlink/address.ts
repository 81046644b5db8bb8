/** RTM_NEWADDR. */

import { ByteWriter } from '../base/bytes.ts';
import {
  type Attribute,
  bytesAttribute,
  type NetlinkMessage,
  NLM,
  u32Attribute,
} from '../base/netlink.ts';
import { ADDRESS, ADDRESS_NO_DAD, FAMILY, MESSAGE, SCOPE } from './constants.ts';

export interface AddressRequest {
  /** Interface index. */
  index: number;
  /** 4 or 16 bytes, network order. */
  address: Uint8Array;
  prefix: number;
}

const V4_BITS = 32;

/** Sets an address; one that is there already stays. IPv6 addresses are usable at once. */
export function addAddress(request: AddressRequest): NetlinkMessage {
  const { address, prefix } = request;
  const v4 = address.length === 4;
  const attributes: Attribute[] = [bytesAttribute(ADDRESS.local, address)];
  attributes.push(bytesAttribute(ADDRESS.address, address));
  if (v4 && prefix < V4_BITS - 1) {
    attributes.push(bytesAttribute(ADDRESS.broadcast, broadcast(address, prefix)));
  }
  if (!v4) attributes.push(u32Attribute(ADDRESS.flags, ADDRESS_NO_DAD));
  return {
    type: MESSAGE.newAddress,
    flags: NLM.ack | NLM.create | NLM.replace,
    // struct ifaddrmsg: family, prefix length, flags, scope, index
    header: new ByteWriter()
      .u8(v4 ? FAMILY.inet : FAMILY.inet6)
      .u8(prefix)
      .u8(0)
      .u8(SCOPE.universe)
      .u32(request.index)
      .finish(),
    attributes,
  };
}

function broadcast(address: Uint8Array, prefix: number): Uint8Array {
  return address.map((byte, at) => {
    const networkBits = Math.min(8, Math.max(0, prefix - at * 8));
    return byte | (0xff >> networkBits);
  });
}
