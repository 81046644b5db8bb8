import { expect, test } from 'bun:test';
import {
  addAddress,
  addRoute,
  createBridge,
  createVeth,
  deleteLink,
  encodeMessages,
  setLink,
} from './index.ts';

/** Hex bytes with remarks: what follows `#` on a line is one. */
function hex(text: string): string {
  return text.replaceAll(/#.*$/gm, '').replaceAll(/\s+/g, '');
}

function encode(...messages: Parameters<typeof encodeMessages>[0]): string {
  return Buffer.from(encodeMessages(messages).bytes).toString('hex');
}

test('createBridge names, addresses and raises a bridge in one message', () => {
  const mac = Uint8Array.of(2, 0x42, 172, 17, 0, 1);
  expect(encode(createBridge({ name: 'br0', index: 258, mac, mtu: 1500, up: true }))).toBe(
    hex(`
      4c000000 1000 0504 01000000 00000000   # 76 bytes, RTM_NEWLINK, CREATE ACK REQUEST, sequence 1
      00 00 0000 02010000 01000000 01000000  # ifinfomsg: index 258, IFF_UP, change IFF_UP
      0800 0300 62723000                     # IFLA_IFNAME br0
      0800 0400 dc050000                     # IFLA_MTU 1500
      0a00 0100 0242ac110001 0000            # IFLA_ADDRESS, padded
      1000 1280                              # IFLA_LINKINFO, nested
      0b00 0100 62726964676500 00            #   IFLA_INFO_KIND bridge, padded
    `),
  );
});

test('createVeth puts the peer into the container and says where its pid goes', () => {
  const peer = {
    name: 'eth0',
    index: 16,
    mac: Uint8Array.of(2, 0x42, 172, 17, 0, 2),
    mtu: 1500,
    up: false,
  };
  const message = createVeth({ name: 'v0', index: 100, mtu: 1500, master: 7, up: false, peer });
  const { bytes, pidOffsets } = encodeMessages([setLink({ index: 1, up: true }), message]);
  expect(Buffer.from(bytes).toString('hex')).toBe(
    hex(`
      20000000 1000 0500 01000000 00000000   # RTM_NEWLINK, ACK REQUEST
      00 00 0000 01000000 01000000 01000000  # lo up
      88000000 1000 0506 02000000 00000000   # RTM_NEWLINK, CREATE EXCL ACK REQUEST, sequence 2
      00 00 0000 64000000 00000000 01000000  # index 100, down
      0700 0300 763000 00                    # IFLA_IFNAME v0, padded
      0800 0400 dc050000                     # IFLA_MTU 1500
      0800 0a00 07000000                     # IFLA_MASTER 7
      5000 1280                              # IFLA_LINKINFO
      0900 0100 7665746800 000000            #   IFLA_INFO_KIND veth
      4000 0280                              #   IFLA_INFO_DATA
      3c00 0180                              #     VETH_INFO_PEER
      00 00 0000 10000000 00000000 01000000  #       ifinfomsg: index 16, down
      0900 0300 6574683000 000000            #       IFLA_IFNAME eth0
      0800 0400 dc050000                     #       IFLA_MTU
      0a00 0100 0242ac110002 0000            #       IFLA_ADDRESS
      0800 1300 00000000                     #       IFLA_NET_NS_PID, to be filled in
    `),
  );
  expect(pidOffsets).toEqual([bytes.length - 4]);
});

test('setLink nests the IPv6 address mode and the hairpin of a bridge port', () => {
  expect(encode(setLink({ index: 5, withoutLinkLocal: true, hairpin: true, up: true }))).toBe(
    hex(`
      4c000000 1000 0500 01000000 00000000
      00 00 0000 05000000 01000000 01000000
      1000 1a80                              # IFLA_AF_SPEC
      0c00 0a80                              #   AF_INET6
      0500 0800 01 000000                    #     IFLA_INET6_ADDR_GEN_MODE none
      1c00 1280                              # IFLA_LINKINFO
      0b00 0400 62726964676500 00            #   IFLA_INFO_SLAVE_KIND bridge
      0c00 0580                              #   IFLA_INFO_SLAVE_DATA
      0500 0400 01 000000                    #     IFLA_BRPORT_MODE
    `),
  );
});

test('setLink by name can take a link out of its bridge and down', () => {
  expect(encode(setLink({ name: 'v0', master: 0, up: false }))).toBe(
    hex(`
      30000000 1000 0500 01000000 00000000
      00 00 0000 00000000 00000000 01000000  # no index; change IFF_UP to 0
      0700 0300 763000 00
      0800 0a00 00000000                     # IFLA_MASTER none
    `),
  );
});

test('deleteLink goes by name', () => {
  expect(encode(deleteLink('v0'))).toBe(
    hex(`
      28000000 1100 0500 01000000 00000000   # RTM_DELLINK
      00 00 0000 00000000 00000000 00000000
      0700 0300 763000 00
    `),
  );
});

test('addAddress has a broadcast address for IPv4', () => {
  expect(encode(addAddress({ index: 16, address: Uint8Array.of(172, 18, 0, 2), prefix: 15 }))).toBe(
    hex(`
      30000000 1400 0505 01000000 00000000   # RTM_NEWADDR, CREATE REPLACE ACK REQUEST
      02 0f 00 00 10000000                   # ifaddrmsg: AF_INET, /15, index 16
      0800 0200 ac120002                     # IFA_LOCAL
      0800 0100 ac120002                     # IFA_ADDRESS
      0800 0400 ac13ffff                     # IFA_BROADCAST
    `),
  );
});

test('addAddress makes IPv6 addresses usable at once', () => {
  const address = new Uint8Array(16);
  address[0] = 0xfd;
  expect(encode(addAddress({ index: 1, address, prefix: 64 }))).toEndWith(
    hex('0800 0800 02000000'),
  );
});

test('addRoute is a default route by its gateway', () => {
  expect(encode(addRoute({ index: 16, gateway: Uint8Array.of(172, 17, 0, 1) }))).toBe(
    hex(`
      2c000000 1800 0506 01000000 00000000   # RTM_NEWROUTE, CREATE EXCL ACK REQUEST
      02 00 00 00 fe 03 00 01 00000000       # rtmsg: AF_INET, /0, table main, protocol boot, universe, unicast
      0800 0500 ac110001                     # RTA_GATEWAY
      0800 0400 10000000                     # RTA_OIF
    `),
  );
});

test('addRoute without a gateway is for the link', () => {
  const route = addRoute({
    index: 2,
    destination: { address: Uint8Array.of(10, 0, 0, 0), prefix: 8 },
  });
  expect(encode(route)).toContain(hex('02 08 00 00 fe 03 fd 01'));
});

test('encodeMessages refuses a value whose length would wrap', () => {
  const long = { type: 1, value: new Uint8Array(0x10000) };
  expect(() =>
    encodeMessages([{ type: 16, flags: 0, header: new Uint8Array(16), attributes: [long] }]),
  ).toThrow('netlink attribute 1: 65540 bytes are more than 65535');
});
