import { expect, test } from 'bun:test';
import { parsePorts, parsePublish } from './ports.ts';

test.each([
  ['80', [['80/tcp', '', '']]],
  ['8080:80', [['80/tcp', '', '8080']]],
  ['8080:80/udp', [['80/udp', '', '8080']]],
  ['127.0.0.1:8080:80', [['80/tcp', '127.0.0.1', '8080']]],
  ['127.0.0.1::80', [['80/tcp', '127.0.0.1', '']]],
  ['[::1]:8080:80', [['80/tcp', '::1', '8080']]],
  [
    '8000-8001:80-81',
    [
      ['80/tcp', '', '8000'],
      ['81/tcp', '', '8001'],
    ],
  ],
  ['8000-8010:80', [['80/tcp', '', '8000-8010']]],
  ['published=8080,target=80,protocol=udp', [['80/udp', '', '8080']]],
  ['target=80', [['80/tcp', '', '']]],
])('parsePublish reads %p', (text, expected) => {
  const ports = parsePublish(text).map(({ port, binding }) => [
    port,
    binding.HostIp,
    binding.HostPort,
  ]);
  expect(ports).toEqual(expected);
});

test.each([
  ['99999:80', 'invalid hostPort: 99999'],
  ['x:80', 'invalid hostPort: x'],
  ['80:x', 'invalid containerPort: x'],
  ['80-90:80-85', 'invalid ranges specified for container and host Ports: 80-85 and 80-90'],
  ['1.2.3.4.5:1:2', 'invalid IP address: 1.2.3.4.5'],
  ['80/foo', 'invalid proto: foo'],
  ['8080:', 'no port specified'],
  ['', 'no port specified'],
])('parsePublish refuses %p', (text, message) => {
  expect(() => parsePublish(text)).toThrow(message);
});

test('parsePorts joins publishes of one port and exposes ranges', () => {
  const { exposed, bindings } = parsePorts(['1:80', '2:80'], ['90-92/udp', '80']);
  expect(bindings['80/tcp']?.map((binding) => binding.HostPort)).toEqual(['1', '2']);
  expect(Object.keys(exposed)).toEqual(['80/tcp', '90/udp', '91/udp', '92/udp']);
  expect(() => parsePorts([], ['80-70'])).toThrow(
    'invalid range format for --expose: 80-70, error: invalid range specified for port: 80-70',
  );
});
