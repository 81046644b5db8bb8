/** RTM_NEWLINK and RTM_DELLINK: bridges, veth pairs, changes of a link. */

import { ByteWriter } from '../base/bytes.ts';
import {
  type Attribute,
  bytesAttribute,
  type NetlinkMessage,
  NLM,
  nestAttribute,
  pidAttribute,
  textAttribute,
  u8Attribute,
  u32Attribute,
} from '../base/netlink.ts';
import {
  ADDRESS_MODE_NONE,
  BRIDGE_PORT,
  FAMILY,
  INET6,
  INTERFACE_UP,
  LINK,
  LINK_INFO,
  MACVLAN_MODE,
  MACVLAN_MODES,
  MESSAGE,
  VETH_PEER,
} from './constants.ts';

/** `index` 0: the kernel chooses. */
export interface BridgeRequest {
  name: string;
  index: number;
  mac?: Uint8Array;
  mtu?: number;
  up?: boolean;
}

export interface PeerRequest {
  name: string;
  index: number;
  mac: Uint8Array;
  mtu: number;
  up: boolean;
}

/** A pair whose peer is born in the network namespace of the container's process: nothing has to be moved. */
export interface VethRequest {
  name: string;
  index: number;
  mtu: number;
  /** Index of the bridge that the host end joins; 0: none. */
  master: number;
  up: boolean;
  peer: PeerRequest;
}

export interface MacvlanRequest {
  name: string;
  /** 0: the kernel chooses. */
  index: number;
  /** Interface index of the link below. */
  parent: number;
  mode: keyof typeof MACVLAN_MODES;
  mac?: Uint8Array;
  /** Default: that of the link below. */
  mtu?: number;
  inside: boolean;
}

/** What to change of an existing link, found by `index` or, if that is 0, by `name`. */
export interface LinkChange {
  index?: number;
  name?: string;
  up?: boolean;
  /** New name for the link at `index`. */
  rename?: string;
  mtu?: number;
  mac?: Uint8Array;
  master?: number;
  /** The bridge may send a frame back out of the port it came from. */
  hairpin?: boolean;
  /** The bridge passes nothing between this port and others that are isolated. */
  isolated?: boolean;
  /** No link-local IPv6 address comes up with the link. */
  withoutLinkLocal?: boolean;
}

/** Makes a bridge, or leaves one of that name as it is but for the attributes given. */
export function createBridge(request: BridgeRequest): NetlinkMessage {
  return {
    type: MESSAGE.newLink,
    flags: NLM.ack | NLM.create,
    header: linkHeader(request.index, request.up === true),
    attributes: [
      textAttribute(LINK.name, request.name),
      ...(request.mtu === undefined ? [] : [u32Attribute(LINK.mtu, request.mtu)]),
      ...(request.mac === undefined ? [] : [bytesAttribute(LINK.address, request.mac)]),
      nestAttribute(LINK.info, textAttribute(LINK_INFO.kind, 'bridge')),
    ],
  };
}

/** Fails with EEXIST when the name, and with EBUSY when the index is taken. */
export function createVeth(request: VethRequest): NetlinkMessage {
  return {
    type: MESSAGE.newLink,
    flags: NLM.ack | NLM.create | NLM.exclusive,
    header: linkHeader(request.index, request.up),
    attributes: [
      textAttribute(LINK.name, request.name),
      u32Attribute(LINK.mtu, request.mtu),
      ...(request.master === 0 ? [] : [u32Attribute(LINK.master, request.master)]),
      nestAttribute(
        LINK.info,
        textAttribute(LINK_INFO.kind, 'veth'),
        nestAttribute(LINK_INFO.data, peerAttribute(request.peer)),
      ),
    ],
  };
}

/** A link of its own hardware address on another link, `inside` the container's namespace or in that of the sender. */
export function createMacvlan(request: MacvlanRequest): NetlinkMessage {
  const { name, index, parent, mode, mac, mtu } = request;
  return {
    type: MESSAGE.newLink,
    flags: NLM.ack | NLM.create | NLM.exclusive,
    header: linkHeader(index, false),
    attributes: [
      textAttribute(LINK.name, name),
      u32Attribute(LINK.parent, parent),
      ...(mac === undefined ? [] : [bytesAttribute(LINK.address, mac)]),
      ...(mtu === undefined ? [] : [u32Attribute(LINK.mtu, mtu)]),
      ...(request.inside ? [pidAttribute(LINK.netnsPid)] : []),
      nestAttribute(
        LINK.info,
        textAttribute(LINK_INFO.kind, 'macvlan'),
        nestAttribute(LINK_INFO.data, u32Attribute(MACVLAN_MODE, MACVLAN_MODES[mode])),
      ),
    ],
  };
}

export function setLink(change: LinkChange): NetlinkMessage {
  const { index = 0, name, rename } = change;
  const attributes: Attribute[] = [];
  const newName = rename ?? name;
  if (newName !== undefined) attributes.push(textAttribute(LINK.name, newName));
  if (change.mtu !== undefined) attributes.push(u32Attribute(LINK.mtu, change.mtu));
  if (change.mac !== undefined) attributes.push(bytesAttribute(LINK.address, change.mac));
  if (change.master !== undefined) attributes.push(u32Attribute(LINK.master, change.master));
  if (change.withoutLinkLocal === true) attributes.push(withoutLinkLocal());
  const port = portAttributes(change);
  if (port.length > 0) attributes.push(portData(port));
  return {
    type: MESSAGE.newLink,
    flags: NLM.ack,
    header: linkHeader(index, change.up),
    attributes,
  };
}

/** Fails with ENODEV when there is no such link. The peer of a veth goes with it. */
export function deleteLink(name: string): NetlinkMessage {
  return {
    type: MESSAGE.deleteLink,
    flags: NLM.ack,
    header: linkHeader(0, undefined),
    attributes: [textAttribute(LINK.name, name)],
  };
}

/** struct ifinfomsg. `up` undefined leaves the state alone. */
function linkHeader(index: number, up: boolean | undefined): Uint8Array {
  const flags = up === true ? INTERFACE_UP : 0;
  const change = up === undefined ? 0 : INTERFACE_UP;
  const writer = new ByteWriter().u8(FAMILY.unspecified).u8(0).u16(0);
  return writer.u32(index).u32(flags).u32(change).finish();
}

function peerAttribute(peer: PeerRequest): Attribute {
  return {
    type: VETH_PEER,
    header: linkHeader(peer.index, peer.up),
    nest: [
      textAttribute(LINK.name, peer.name),
      u32Attribute(LINK.mtu, peer.mtu),
      bytesAttribute(LINK.address, peer.mac),
      pidAttribute(LINK.netnsPid),
    ],
  };
}

function withoutLinkLocal(): Attribute {
  const mode = u8Attribute(INET6.addressMode, ADDRESS_MODE_NONE);
  return nestAttribute(LINK.familySpecific, nestAttribute(FAMILY.inet6, mode));
}

function portAttributes({ hairpin, isolated }: LinkChange): Attribute[] {
  return [
    ...(hairpin === undefined ? [] : [u8Attribute(BRIDGE_PORT.hairpin, hairpin ? 1 : 0)]),
    ...(isolated === undefined ? [] : [u8Attribute(BRIDGE_PORT.isolated, isolated ? 1 : 0)]),
  ];
}

function portData(attributes: readonly Attribute[]): Attribute {
  return nestAttribute(
    LINK.info,
    textAttribute(LINK_INFO.portKind, 'bridge'),
    nestAttribute(LINK_INFO.portData, ...attributes),
  );
}
