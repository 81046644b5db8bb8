/**
 * Links, addresses and routes as rtnetlink messages.
 *
 *   encodeMessages([createVeth({ … }), addAddress({ … })])   →   { bytes, pidOffsets } for a `netlink` operation
 *
 * Every message asks for an acknowledgement. The kernel handles each on its own: a failed one does not stop the next.
 */

export { type EncodedMessages, encodeMessages, type NetlinkMessage } from '../base/netlink.ts';
export { type AddressRequest, addAddress } from './address.ts';
export {
  type BridgeRequest,
  createBridge,
  createMacvlan,
  createVeth,
  deleteLink,
  type LinkChange,
  type MacvlanRequest,
  type PeerRequest,
  setLink,
  type VethRequest,
} from './link.ts';
export { addRoute, type RouteRequest } from './route.ts';

/** `protocol` operand of a `netlink` operation. */
export const NETLINK_ROUTE = 0;
