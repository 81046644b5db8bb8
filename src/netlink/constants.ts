/** Numbers of rtnetlink(7): linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h. */

export const MESSAGE = {
  newLink: 16,
  deleteLink: 17,
  newAddress: 20,
  newRoute: 24,
} as const;

export const LINK = {
  address: 1,
  name: 3,
  mtu: 4,
  parent: 5,
  master: 10,
  transmitQueue: 13,
  info: 18,
  netnsPid: 19,
  familySpecific: 26,
} as const;

export const LINK_INFO = { kind: 1, data: 2, portKind: 4, portData: 5 } as const;

/** Inside LINK_INFO.data of a veth: a struct ifinfomsg and the peer's attributes. */
export const VETH_PEER = 1;

/** Inside LINK_INFO.data of a macvlan. */
export const MACVLAN_MODE = 1;
export const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;

/** Inside LINK_INFO.portData of a bridge's port. */
export const BRIDGE_PORT = { hairpin: 4, isolated: 33 } as const;

/** Inside LINK.familySpecific, per address family. */
export const INET6 = { addressMode: 8 } as const;
export const ADDRESS_MODE_NONE = 1;

export const ADDRESS = { address: 1, local: 2, broadcast: 4, flags: 8 } as const;
/** No duplicate address detection: the address is usable at once. */
export const ADDRESS_NO_DAD = 0x02;

export const ROUTE = { destination: 1, interface: 4, gateway: 5 } as const;
export const ROUTE_TABLE_MAIN = 254;
export const ROUTE_PROTOCOL_BOOT = 3;
export const ROUTE_TYPE_UNICAST = 1;
export const SCOPE = { universe: 0, link: 253 } as const;

export const FAMILY = { unspecified: 0, inet: 2, inet6: 10 } as const;

export const INTERFACE_UP = 0x1;
