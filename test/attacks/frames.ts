/** Ethernet frames as a hostile program would send them: bytes, with the check sums that make a receiver believe them. */

export interface Sender {
  mac: string;
  ip: string;
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const NOBODY = '00:00:00:00:00:00';
const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd, vlan: 0x8100 } as const;

export function ethernet(to: string, from: string, type: number, payload: number[]): number[] {
  return [...mac(to), ...mac(from), ...u16(type), ...payload];
}

/** «`claimed.ip` is at `claimed.mac`», told to everybody without being asked. */
export function arpAnnouncement(from: string, claimed: Sender): number[] {
  const address = ipv4(claimed.ip);
  const head = [...u16(1), ...u16(ETHERTYPE.ipv4), 6, 4, ...u16(1)];
  const body = [...head, ...mac(claimed.mac), ...address, ...mac(NOBODY), ...address];
  return ethernet(BROADCAST, from, ETHERTYPE.arp, body);
}

/** One datagram over IPv4. `tags`: how many VLAN tags with the number 0 stand before it. */
export function datagram(from: Sender, to: Sender, port: number, text: string, tags = 0): number[] {
  const data = [...new TextEncoder().encode(text)];
  const udp = [...u16(4000), ...u16(port), ...u16(8 + data.length), 0, 0, ...data];
  const tagged = Array.from({ length: tags }, (_, at) => [
    ...u16(0),
    ...u16(at === tags - 1 ? ETHERTYPE.ipv4 : ETHERTYPE.vlan),
  ]).flat();
  const type = tags > 0 ? ETHERTYPE.vlan : ETHERTYPE.ipv4;
  return ethernet(to.mac, from.mac, type, [...tagged, ...ipPacket(from, to, 17, udp)]);
}

/** The first packet of an SCTP association (RFC 9260, section 3.3.2). */
export function sctpInit(from: Sender, to: Sender, fromPort: number, port: number): number[] {
  const chunk = [1, 0, ...u16(20), 0, 0, 0, 1, 0, 1, 0, 0, ...u16(1), ...u16(1), 0, 0, 0, 1];
  const packet = [...u16(fromPort), ...u16(port), 0, 0, 0, 0, 0, 0, 0, 0, ...chunk];
  packet.splice(8, 4, ...crc32c(packet));
  return ethernet(to.mac, from.mac, ETHERTYPE.ipv4, ipPacket(from, to, 132, packet));
}

function ipPacket(from: Sender, to: Sender, protocol: number, payload: number[]): number[] {
  const rest = [...u16(20 + payload.length), 0, 0, 0, 0, 64, protocol];
  const head = [0x45, 0, ...rest, 0, 0, ...ipv4(from.ip), ...ipv4(to.ip)];
  head.splice(10, 2, ...u16(checksum(head)));
  return [...head, ...payload];
}

/** «`claimed.ip` is at `claimed.mac`», in IPv6. */
export function neighbourAdvertisement(from: Sender, to: Sender, claimed: Sender): number[] {
  const override = 0x20;
  const body = [136, 0, 0, 0, override, 0, 0, 0, ...ipv6(claimed.ip), 2, 1, ...mac(claimed.mac)];
  return icmp6(from, to, body);
}

/** «I am your router, and your addresses begin with `prefix`.» */
export function routerAdvertisement(from: Sender, prefix: string): number[] {
  const everybody = { mac: '33:33:00:00:00:01', ip: 'ff02:0:0:0:0:0:0:1' };
  const lifetime = [0xff, 0xff, 0xff, 0xff];
  const option = [3, 4, 64, 0xc0, ...lifetime, ...lifetime, 0, 0, 0, 0, ...ipv6(prefix)];
  const body = [134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, ...option];
  return icmp6(from, everybody, body);
}

function icmp6(from: Sender, to: Sender, body: number[]): number[] {
  const addresses = [...ipv6(from.ip), ...ipv6(to.ip)];
  const sum = checksum([...addresses, 0, 0, ...u16(body.length), 0, 0, 0, 58, ...body]);
  const message = body.toSpliced(2, 2, ...u16(sum));
  const head = [0x60, 0, 0, 0, ...u16(body.length), 58, 255, ...addresses];
  return ethernet(to.mac, from.mac, ETHERTYPE.ipv6, [...head, ...message]);
}

/** RFC 1071. */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** RFC 9260, appendix A: the bytes as they are sent. */
function crc32c(bytes: readonly number[]): number[] {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) * 0x82f63b78);
  }
  const sum = ~crc;
  return [sum & 0xff, (sum >> 8) & 0xff, (sum >> 16) & 0xff, sum >>> 24];
}

function mac(text: string): number[] {
  return text.split(':').map((part) => Number.parseInt(part, 16));
}

function ipv4(text: string): number[] {
  return text.split('.').map(Number);
}

/** With at most one `::`. */
function ipv6(text: string): number[] {
  const [left = '', right] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const middle = right === undefined ? 0 : 8 - head.length - tail.length;
  const all = [...head, ...Array.from({ length: middle }, () => '0'), ...tail];
  return all.flatMap((group) => u16(Number.parseInt(group, 16)));
}

function u16(value: number): number[] {
  return [value >> 8, value & 0xff];
}
