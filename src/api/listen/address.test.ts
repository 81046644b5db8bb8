import { expect, test } from 'bun:test';
import { isLoopback, parseListenAddress } from './address.ts';
import { inheritedSockets } from './inherited.ts';
import { refuseBrowsers } from './strangers.ts';

const parse = (text: string, tls = false) =>
  parseListenAddress(text, { tls, defaultPath: '/run/default.sock' });

test.each([
  ['unix:///a/b', { kind: 'unix', path: '/a/b' }],
  ['unix://', { kind: 'unix', path: '/run/default.sock' }],
  ['/a', { kind: 'unix', path: '/a' }],
  ['tcp://127.0.0.1:4243', { kind: 'tcp', host: '127.0.0.1', port: 4243 }],
  ['tcp://', { kind: 'tcp', host: '127.0.0.1', port: 2375 }],
  ['tcp://localhost', { kind: 'tcp', host: '127.0.0.1', port: 2375 }],
  ['tcp://[::1]:80', { kind: 'tcp', host: '::1', port: 80 }],
  ['tcp://[::]', { kind: 'tcp', host: '::', port: 2375 }],
  [':4243', { kind: 'tcp', host: '127.0.0.1', port: 4243 }],
  ['0.0.0.0:4243', { kind: 'tcp', host: '0.0.0.0', port: 4243 }],
  ['fd://', { kind: 'fd', fd: undefined }],
  ['fd://*', { kind: 'fd', fd: undefined }],
  ['fd://4', { kind: 'fd', fd: 4 }],
] as const)('parseListenAddress reads %s', (text, address) => {
  expect(parse(text)).toEqual(address);
});

test('parseListenAddress gives TLS its own default port', () => {
  expect(parse('tcp://10.0.0.1', true)).toEqual({ kind: 'tcp', host: '10.0.0.1', port: 2376 });
});

test.each([
  '',
  'x',
  'unix://a',
  'tcp://name:1',
  'tcp://1.2.3.4:0',
  'tcp://1.2.3.4:65536',
  'fd://2',
  'fd://x',
  'tcp://[::1]x',
  'http://1.2.3.4:5',
])('parseListenAddress refuses %p', (text) => {
  expect(() => parse(text)).toThrow('invalid bind address format');
});

test('isLoopback knows this machine from others', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '10.0.0.1', '::ffff:127.0.0.1', 'x'].some(isLoopback)).toBe(false);
});

test('inheritedSockets takes nothing that is meant for another process', () => {
  const environments = [
    {},
    { LISTEN_FDS: '1' },
    { LISTEN_FDS: '1', LISTEN_PID: '1' },
    { LISTEN_FDS: '0', LISTEN_PID: String(process.pid) },
    { LISTEN_FDS: '-1', LISTEN_PID: String(process.pid) },
  ];
  for (const environment of environments) {
    expect(() => inheritedSockets(undefined, environment)).toThrow('no sockets found');
  }
  const mine = { LISTEN_FDS: '1', LISTEN_PID: String(process.pid) };
  expect(() => inheritedSockets(9, mine)).toThrow('no socket 9 found');
});

test('refuseBrowsers lets programs in, and no page and no foreign name', () => {
  const ask = (headers: Record<string, string>) => () => refuseBrowsers({ headers });
  for (const host of ['127.0.0.1:2375', 'localhost', '[::1]:1', '10.1.2.3', ''])
    expect(ask({ host })).not.toThrow();
  expect(ask({ host: '127.0.0.1', origin: 'http://127.0.0.1' })).toThrow('with the header origin');
  expect(ask({ host: '127.0.0.1', 'sec-fetch-site': 'none' })).toThrow('sec-fetch-site');
  expect(ask({ host: 'evil.example:2375' })).toThrow('for the host evil.example:2375');
  expect(ask({ host: '[evil]:1' })).toThrow('for the host');
});
