import { expect, test } from 'bun:test';
import { hostnameFile, hostsFile, resolvConf, upstreamServers } from './files.ts';
import { parseNetworkMode } from './mode.ts';

const HOST =
  'nameserver 192.0.2.1\nnameserver 192.0.2.2 # second\nsearch a.example b.example\noptions ndots:2\n';

test("resolvConf takes the host's servers, search list and options", () => {
  expect(resolvConf({ host: HOST })).toBe(
    'nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch a.example b.example\noptions ndots:2\n',
  );
});

test('resolvConf lets each wish replace its part', () => {
  const wishes = { servers: ['192.0.2.9'], search: ['c.example'], options: ['timeout:1'] };
  expect(resolvConf({ host: HOST, ...wishes })).toBe(
    'nameserver 192.0.2.9\nsearch c.example\noptions timeout:1\n',
  );
  expect(resolvConf({ host: HOST, search: ['.'] })).not.toContain('search');
});

test('resolvConf leaves loopback servers out, and falls back when none is left', () => {
  const host = 'nameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\noptions edns0\n';
  expect(resolvConf({ host })).toBe('nameserver 8.8.8.8\nnameserver 8.8.4.4\noptions edns0\n');
  expect(resolvConf({ host: '' })).toContain('nameserver 8.8.8.8');
  expect(resolvConf({ host, shared: true })).toBe(
    'nameserver 127.0.0.53\nnameserver ::1\noptions edns0\n',
  );
  const mixed = 'nameserver 127.0.0.1\nnameserver 192.0.2.7\n';
  expect(resolvConf({ host: mixed })).toBe('nameserver 192.0.2.7\n');
});

test('resolvConf asks the servers behind systemd-resolved', () => {
  const resolved = 'nameserver 192.0.2.3\nsearch lan.example\n';
  expect(resolvConf({ host: 'nameserver 127.0.0.53\n', resolved })).toBe(
    'nameserver 192.0.2.3\nsearch lan.example\n',
  );
  expect(resolvConf({ host: HOST, resolved })).toContain('192.0.2.1');
});

test('resolvConf and upstreamServers leave loop-back servers of --dns to the container', () => {
  const own = { host: HOST, named: true, servers: ['127.0.0.1', '192.0.2.9'] };
  expect(resolvConf(own)).toBe(
    'nameserver 127.0.0.11\nnameserver 127.0.0.1\nnameserver 192.0.2.9\nsearch a.example b.example\noptions ndots:2\n',
  );
  expect(upstreamServers(own)).toEqual([]);
  const outside = { ...own, servers: ['192.0.2.9'] };
  expect(resolvConf(outside)).toStartWith('nameserver 127.0.0.11\nsearch');
  expect(upstreamServers(outside)).toEqual(['192.0.2.9']);
  expect(upstreamServers({ host: 'nameserver 127.0.0.53\n', named: true })).toEqual(['127.0.0.53']);
});

test('resolvConf survives lines that are none', () => {
  const host =
    '; remark\n#nameserver 192.0.2.5\nnameserver\nnameserver x\nsearch\n\tnameserver  192.0.2.6\ndomain d\n';
  expect(resolvConf({ host })).toBe('nameserver 192.0.2.6\nsearch d\n');
});

test('hostsFile has local names, added hosts and the container with all of its addresses', () => {
  const endpoints = [
    { address: '172.17.0.2', address6: 'fd00::2' },
    { address: '172.18.0.9', address6: '' },
  ];
  const text = hostsFile({
    hostname: 'web',
    endpoints,
    extra: ['db:192.0.2.1', 'six:[fd00::9]', 'v=fd00::8'],
  });
  expect(text).toStartWith('127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n');
  expect(text).toEndWith(
    '192.0.2.1\tdb\nfd00::9\tsix\nfd00::8\tv\n172.17.0.2\tweb\nfd00::2\tweb\n172.18.0.9\tweb\n',
  );
});

test('hostsFile knows short and full names', () => {
  const endpoints = [{ address: '172.17.0.2', address6: '' }];
  expect(hostsFile({ hostname: 'web.example', endpoints })).toEndWith(
    '172.17.0.2\tweb.example web\n',
  );
  expect(hostsFile({ hostname: 'web', domainname: 'example', endpoints })).toEndWith(
    '172.17.0.2\tweb.example web\n',
  );
});

test("hostsFile keeps the host's file for a container that shares its network", () => {
  expect(hostsFile({ base: '192.0.2.4 me', hostname: 'me' })).toBe('192.0.2.4 me\n');
});

test('hostsFile takes no entry that would be two lines', () => {
  const extra = [
    'a\n192.0.2.1 bank:192.0.2.2',
    'b:192.0.2.3\n192.0.2.4 c',
    'noaddress',
    ':192.0.2.5',
    'd#:192.0.2.6',
  ];
  expect(hostsFile({ base: '', hostname: 'h', extra })).toBe('');
});

test('hostnameFile ends its line', () => {
  expect(hostnameFile('web')).toBe('web\n');
});

test('parseNetworkMode tells the four kinds apart', () => {
  expect(parseNetworkMode('')).toEqual({ kind: 'network', network: 'bridge' });
  expect(parseNetworkMode('default')).toEqual({ kind: 'network', network: 'bridge' });
  expect(parseNetworkMode('mine')).toEqual({ kind: 'network', network: 'mine' });
  expect(parseNetworkMode('host')).toEqual({ kind: 'host' });
  expect(parseNetworkMode('none')).toEqual({ kind: 'none' });
  expect(parseNetworkMode('container:web')).toEqual({ kind: 'container', container: 'web' });
  expect(() => parseNetworkMode('container:')).toThrow('without a name or id');
});
