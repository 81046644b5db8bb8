import { expect, test } from 'bun:test';
import {
  contains,
  formatIp,
  formatSubnet,
  ipBytes,
  lastAddress,
  overlaps,
  parseCidr,
  parseIp,
} from './ip.ts';

const canonical: [string, string][] = [
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['FD00:0:0:1::', 'fd00:0:0:1::'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
];

test.each(canonical)('parseIp and formatIp turn %s into %s', (text, expected) => {
  const address = parseIp(text);
  expect(address && formatIp(address)).toBe(expected);
});

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '1.2.3.256',
  '1.2.3.+4',
  ' 1.2.3.4',
  '1.2.3.4 ',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  'fe80::1%eth0',
  '::1.2.3',
  '1.2.3.4::',
  `${'0'.repeat(200)}::`,
])('parseIp refuses %p', (text) => {
  expect(parseIp(text)).toBeUndefined();
});

test('parseCidr keeps the address and cuts the subnet', () => {
  const cidr = parseCidr('172.18.5.9/16');
  expect(cidr && formatSubnet(cidr.subnet)).toBe('172.18.0.0/16');
  expect(cidr && formatIp(cidr.address)).toBe('172.18.5.9');
});

test.each([
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/08',
  '::/129',
  '/8',
  'x/8',
])('parseCidr refuses %p', (text) => {
  expect(parseCidr(text)).toBeUndefined();
});

test('overlaps holds for nested subnets in both directions and not across families', () => {
  const subnet = (text: string) => {
    const cidr = parseCidr(text);
    if (cidr === undefined) throw new Error(text);
    return cidr.subnet;
  };
  expect(overlaps(subnet('10.0.0.0/8'), subnet('10.9.0.0/16'))).toBe(true);
  expect(overlaps(subnet('10.9.0.0/16'), subnet('10.0.0.0/8'))).toBe(true);
  expect(overlaps(subnet('10.0.0.0/16'), subnet('10.1.0.0/16'))).toBe(false);
  expect(overlaps(subnet('0.0.0.0/0'), subnet('::/0'))).toBe(false);
  expect(
    contains(subnet('10.0.0.0/24'), { family: 4, value: lastAddress(subnet('10.0.0.0/24')) }),
  ).toBe(true);
});

test('ipBytes is in network order', () => {
  expect([...ipBytes({ family: 4, value: 0xac110002n })]).toEqual([172, 17, 0, 2]);
  expect(ipBytes({ family: 6, value: 1n }).length).toBe(16);
  expect(ipBytes({ family: 6, value: 1n })[15]).toBe(1);
});
