import { expect, test } from 'bun:test';
import { createSocket } from 'node:dgram';
import {
  boundSockets,
  hostRoutes,
  interfaceIndex,
  localPortRange,
  socketHolder,
} from './network-facts.ts';

test('hostRoutes agree with ip(8)', () => {
  const shown = Bun.spawnSync(['ip', '-4', 'route', 'show', 'table', 'main']).stdout.toString();
  const destinations = shown
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ')[0] ?? '');
  const read = hostRoutes().map(({ destination, prefix }) => {
    const bytes = [24, 16, 8, 0]
      .map((shift) => Math.trunc(destination / 2 ** shift) % 256)
      .join('.');
    return prefix === 0 ? 'default' : prefix === 32 ? bytes : `${bytes}/${prefix}`;
  });
  expect(read.sort()).toEqual(destinations.sort());
});

test('localPortRange is what the kernel says', () => {
  const [first, last] = localPortRange();
  expect(Bun.spawnSync(['cat', '/proc/sys/net/ipv4/ip_local_port_range']).stdout.toString()).toBe(
    `${first}\t${last}\n`,
  );
});

test('interfaceIndex knows lo and not others', () => {
  expect(interfaceIndex('lo')).toBe(1);
  expect(interfaceIndex('no-such-link')).toBeUndefined();
});

test('boundSockets and socketHolder find a TCP listener and its process', () => {
  using listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const socket = boundSockets('tcp').find(({ port }) => port === listener.port);
  expect([...(socket?.address ?? [])]).toEqual([127, 0, 0, 1]);
  expect(socketHolder(socket?.inode ?? '')?.pid).toBe(process.pid);
});

test('boundSockets see UDP over IPv6', async () => {
  const socket = createSocket('udp6');
  await new Promise<void>((resolve) => socket.bind(0, '::1', resolve));
  const found = boundSockets('udp').find(({ port }) => port === socket.address().port);
  expect([...(found?.address ?? [])]).toEqual([...new Array(15).fill(0), 1]);
  socket.close();
});

test('socketHolder of no socket is nobody', () => {
  expect(socketHolder('0')).toBeUndefined();
});
