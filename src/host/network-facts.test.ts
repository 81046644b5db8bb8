import { expect, test } from 'bun:test';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
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

test('hostRoutes6 are the ways to others, without links, loop-back and the default', () => {
  const room = JSON.stringify(join(import.meta.dir, 'network-facts.ts'));
  const print = `import { hostRoutes6 } from ${room};
    for (const { interface: name, value, prefix } of hostRoutes6()) console.log(name, value.toString(16), prefix);`;
  const script = `ip link add wire0 type veth peer name wire1 && ip link set lo up && ip link set wire0 up && ip link set wire1 up &&
    ip -6 route add 2001:db8:1::/48 dev wire0 && ip -6 route add default dev wire1 && exec "$0" -e "$1"`;
  const command = ['unshare', '--net', 'sh', '-c', script, process.execPath, print];
  const { stdout, stderr } = Bun.spawnSync(command);
  expect(stderr.toString()).toBe('');
  expect(stdout.toString()).toBe(`wire0 20010db8000100000000000000000000 48\n`);
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
