/** RTM_NEWROUTE. */

import { ByteWriter } from '../base/bytes.ts';
import {
  type Attribute,
  bytesAttribute,
  type NetlinkMessage,
  NLM,
  u32Attribute,
} from '../base/netlink.ts';
import {
  FAMILY,
  MESSAGE,
  ROUTE,
  ROUTE_PROTOCOL_BOOT,
  ROUTE_TABLE_MAIN,
  ROUTE_TYPE_UNICAST,
  SCOPE,
} from './constants.ts';

export interface RouteRequest {
  /** Interface index; 0: the gateway decides. */
  index: number;
  /** 4 or 16 bytes; undefined: the destination is on the link. */
  gateway?: Uint8Array;
  /** Undefined: the default route, of the gateway's family. */
  destination?: { address: Uint8Array; prefix: number };
  /** Takes the place of a route of the same destination. */
  replace?: boolean;
}

const V6_BYTES = 16;

/** Without `replace` it fails with EEXIST when a route of the same destination is there. */
export function addRoute(request: RouteRequest): NetlinkMessage {
  const { index, gateway, destination } = request;
  const v6 = (gateway ?? destination?.address)?.length === V6_BYTES;
  const attributes: Attribute[] = [];
  if (destination !== undefined) {
    attributes.push(bytesAttribute(ROUTE.destination, destination.address));
  }
  if (gateway !== undefined) attributes.push(bytesAttribute(ROUTE.gateway, gateway));
  if (index !== 0) attributes.push(u32Attribute(ROUTE.interface, index));
  return {
    type: MESSAGE.newRoute,
    flags: NLM.ack | NLM.create | (request.replace === true ? NLM.replace : NLM.exclusive),
    // struct rtmsg: family, destination bits, source bits, tos, table, protocol, scope, type, flags
    header: new ByteWriter()
      .u8(v6 ? FAMILY.inet6 : FAMILY.inet)
      .u8(destination?.prefix ?? 0)
      .u8(0)
      .u8(0)
      .u8(ROUTE_TABLE_MAIN)
      .u8(ROUTE_PROTOCOL_BOOT)
      .u8(gateway === undefined ? SCOPE.link : SCOPE.universe)
      .u8(ROUTE_TYPE_UNICAST)
      .u32(0)
      .finish(),
    attributes,
  };
}
