import { expect, test } from 'bun:test';
import { openDatabase } from '../host/database.ts';
import { parseCidr } from '../spec/ip.ts';
import { type ConnectRequest, type NetworkRoom, openNetworks, type PortRequest } from './index.ts';
import { chooseLocal, chooseSubnet } from './pools.ts';

function room(): NetworkRoom {
  const networks = openNetworks({ database: openDatabase(':memory:'), dataRoot: '/test/manager' });
  networks.ensureDefault();
  return networks;
}

let count = 0;
function request(more: Partial<ConnectRequest> = {}): ConnectRequest {
  count += 1;
  return { containerId: String(count).padStart(64, '0'), network: 'n', hostname: 'h', ...more };
}

function tcp(
  containerPort: number,
  hostPort: number,
  hostAddress = '',
  hostPortEnd?: number,
): PortRequest {
  return {
    protocol: 'tcp',
    containerPort,
    hostAddress,
    hostPort,
    ...(hostPortEnd ? { hostPortEnd } : {}),
  };
}

function withNetwork(
  subnet = '10.99.0.0/29',
  more: { gateway?: string; range?: string } = {},
): NetworkRoom {
  const networks = room();
  networks.create({ name: 'n', pools: [{ subnet, ...more }] });
  return networks;
}

test('ensureDefault makes bridge, host and none once', () => {
  const networks = room();
  networks.ensureDefault();
  expect(networks.list().map(({ name, driver }) => [name, driver])).toEqual([
    ['bridge', 'bridge'],
    ['host', 'host'],
    ['none', 'null'],
  ]);
  expect(networks.inspect('bridge').ipv4?.subnet).toMatch(/^(172\.|192\.168\.)/);
  expect(networks.inspect('bridge').bridge.length).toBeLessThanOrEqual(15);
});

test('inspect finds by name, id and unique prefix, and says what it did not find', () => {
  const networks = withNetwork();
  const network = networks.inspect('n');
  expect(networks.inspect(network.id)).toEqual(network);
  expect(networks.inspect(network.id.slice(0, 10))).toEqual(network);
  expect(() => networks.inspect('nowhere')).toThrow('network nowhere not found');
  expect(() => networks.inspect("' OR 1")).toThrow('not found');
});

test('create refuses a taken name, an overlapping subnet and what is no subnet', () => {
  const networks = withNetwork('10.99.0.0/16');
  expect(() => networks.create({ name: 'n' })).toThrow('network with name n already exists');
  expect(() => networks.create({ name: 'host' })).toThrow('already exists');
  const bad = (pool: { subnet: string; gateway?: string; range?: string }) => () =>
    networks.create({ name: 'm', pools: [pool] });
  expect(bad({ subnet: '10.99.5.0/24' })).toThrow('Pool overlaps with other one');
  expect(bad({ subnet: '10.5.0.0/33' })).toThrow('invalid subnet');
  expect(bad({ subnet: 'x' })).toThrow('invalid subnet "x"');
  expect(bad({ subnet: '10.5.0.0/31' })).toThrow('no room');
  expect(bad({ subnet: '10.5.0.0/24', gateway: '10.6.0.1' })).toThrow('invalid gateway');
  expect(bad({ subnet: '10.5.0.0/24', range: '10.5.1.0/28' })).toThrow('invalid ip-range');
  expect(() => networks.create({ name: '-x' })).toThrow('invalid network name');
  expect(() => networks.create({ name: 'o', driver: 'overlay' })).toThrow('plugin not found');
  const option = { 'com.docker.network.bridge.name': 'a/b' };
  expect(() => networks.create({ name: 'p', options: option })).toThrow('invalid bridge name');
  expect(() =>
    networks.create({ name: 'p', options: { 'com.docker.network.driver.mtu': '9' } }),
  ).toThrow('invalid mtu');
});

test('create gives hundreds of networks each another subnet, and stops when none is left', () => {
  const networks = room();
  const seen = new Set<string | undefined>([networks.inspect('bridge').ipv4?.subnet]);
  for (let at = 0; at < 300; at += 1) {
    const network = networks.create({ name: `n${at}` });
    expect(seen.has(network.ipv4?.subnet)).toBe(false);
    seen.add(network.ipv4?.subnet);
  }
  const everything = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].flatMap(
    (text) => parseCidr(text)?.subnet ?? [],
  );
  expect(() => chooseSubnet(everything, 7)).toThrow(
    'all predefined address pools have been fully subnetted',
  );
  // A route of the machine in the middle of a pool: that pool is passed over.
  const vpn = parseCidr('172.17.128.0/24')?.subnet;
  expect(chooseSubnet(vpn === undefined ? [] : [vpn], 0).subnet).toBe('172.18.0.0/16');
});

test('create keeps options and makes a subnet for IPv6', () => {
  const networks = room();
  const options = { 'com.docker.network.driver.mtu': '1400', other: 'kept' };
  const network = networks.create({ name: 'six', enableIpv6: true, options, labels: { a: 'b' } });
  expect(network.mtu).toBe(1400);
  expect(network.options).toEqual(options);
  expect(network.ipv6?.subnet).toMatch(/^fd[0-9a-f:]+::\/64$/);
  expect(networks.inspect('six')).toEqual(network);
  const endpoint = networks.connect(request({ network: 'six', ports: [tcp(80, 8080)] }));
  expect(endpoint.address6).toMatch(/::2$/);
  expect(endpoint.gateway6).toMatch(/::1$/);
  expect(endpoint.ports.map(({ hostAddress }) => hostAddress)).toEqual(['0.0.0.0', '::']);
});

test('connect gives the lowest free address behind the last one, without a quick reuse', () => {
  const networks = withNetwork();
  const first = networks.connect(request());
  const second = networks.connect(request());
  expect([first.address, second.address]).toEqual(['10.99.0.2', '10.99.0.3']);
  expect(first.mac).toBe('02:42:0a:63:00:02');
  expect([first.prefix, first.gateway, first.interface]).toEqual([29, '10.99.0.1', 'eth0']);
  networks.disconnect(first.containerId);
  const rest = [1, 2, 3].map(() => networks.connect(request()).address);
  expect(rest).toEqual(['10.99.0.4', '10.99.0.5', '10.99.0.6']);
  expect(networks.connect(request()).address).toBe('10.99.0.2');
  expect(() => networks.connect(request())).toThrow('no available IPv4 addresses');
});

test('connect stays inside the range and passes the gateway by', () => {
  const networks = withNetwork('10.99.0.0/24', { range: '10.99.0.128/30', gateway: '10.99.0.129' });
  const got = [1, 2, 3].map(() => networks.connect(request()).address);
  expect(got).toEqual(['10.99.0.128', '10.99.0.130', '10.99.0.131']);
  expect(() => networks.connect(request())).toThrow('no available IPv4 addresses');
});

test('connect takes a fixed address once, inside the subnet only', () => {
  const networks = withNetwork('10.99.0.0/24');
  const fixedAddress = '10.99.0.77';
  const fixed = networks.connect(request({ fixedAddress, mac: '02:00:00:00:00:AA' }));
  expect([fixed.address, fixed.mac]).toEqual([fixedAddress, '02:00:00:00:00:aa']);
  expect(() => networks.connect(request({ fixedAddress }))).toThrow('Address already in use');
  expect(() => networks.connect(request({ fixedAddress: '10.99.0.1' }))).toThrow(
    'belongs to the gateway',
  );
  expect(() => networks.connect(request({ fixedAddress: '10.98.0.1' }))).toThrow(
    'not in the subnet',
  );
  expect(() => networks.connect(request({ mac: '01:00:00:00:00:01' }))).toThrow(
    'invalid MAC address',
  );
  expect(() => networks.connect(request({ fixedAddress6: 'fd00::2' }))).toThrow(
    'no subnet of that family',
  );
});

test('a connect that fails reserves nothing', () => {
  const networks = withNetwork();
  networks.connect(request({ ports: [tcp(80, 8080)] }));
  expect(() => networks.connect(request({ ports: [tcp(80, 8081), tcp(81, 8080)] }))).toThrow(
    'port is already allocated',
  );
  expect(networks.endpoints('n').length).toBe(1);
  expect(networks.connect(request({ ports: [tcp(80, 8081)] })).address).toBe('10.99.0.3');
});

test('connect names the container that has the port', () => {
  const networks = withNetwork();
  const { containerId } = networks.connect(request({ ports: [tcp(80, 8080)] }));
  const asked = request({ name: 'web', ports: [tcp(80, 8080, '127.0.0.1')] });
  expect(() => networks.connect(asked)).toThrow(
    `driver failed programming external connectivity on endpoint web: Bind for 127.0.0.1:8080 failed: port is already allocated (by container ${containerId.slice(0, 12)})`,
  );
});

test('connect allows one port on two addresses, and for two protocols', () => {
  const networks = withNetwork();
  networks.connect(request({ ports: [tcp(80, 8080, '127.0.0.1')] }));
  networks.connect(
    request({ ports: [tcp(80, 8080, '127.0.0.2'), { ...tcp(80, 8080), protocol: 'udp' }] }),
  );
  expect(() => networks.connect(request({ ports: [tcp(80, 8080)] }))).toThrow(
    'port is already allocated',
  );
});

test('connect takes the next free port of a range and goes through ephemeral ones', () => {
  const networks = withNetwork('10.99.0.0/24');
  const ranged = () =>
    networks.connect(request({ ports: [tcp(80, 20080, '', 20081)] })).ports[0]?.hostPort;
  expect([ranged(), ranged()]).toEqual([20080, 20081]);
  expect(ranged).toThrow('all ports are allocated: tcp 20080-20081');
  const exposed = [
    { protocol: 'tcp' as const, port: 80 },
    { protocol: 'udp' as const, port: 53 },
  ];
  const { ports } = networks.connect(
    request({ publishAll: true, exposed, ports: [tcp(80, 8099)] }),
  );
  expect(ports.map(({ protocol, containerPort }) => `${containerPort}/${protocol}`)).toEqual([
    '80/tcp',
    '53/udp',
  ]);
  const [first, second] = [1, 2].map(
    () => networks.connect(request({ ports: [tcp(80, 0)] })).ports[0]?.hostPort ?? 0,
  );
  expect(first).toBeGreaterThanOrEqual(1024);
  expect(second).toBeGreaterThan(first ?? 0);
});

test('a port of a range is none that a process of the host has', () => {
  const networks = withNetwork('10.99.0.0/24');
  using held = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const ports = [tcp(80, held.port, '', held.port + 20)];
  expect(networks.connect(request({ ports })).ports[0]?.hostPort).toBeGreaterThan(held.port);
});

test('a second try after a failed start gets another ephemeral port', () => {
  const networks = withNetwork('10.99.0.0/24');
  const asked = request({ ports: [tcp(80, 0)] });
  const first = networks.connect(asked).ports[0]?.hostPort;
  networks.disconnect(asked.containerId);
  expect(networks.connect(asked).ports[0]?.hostPort).not.toBe(first);
});

test('connect refuses an address of a family that the network lacks', () => {
  const networks = withNetwork();
  expect(() => networks.connect(request({ ports: [tcp(80, 80, 'fd00::1')] }))).toThrow(
    'has no IPv6 addresses',
  );
  expect(() => networks.connect(request({ ports: [tcp(80, 80, 'localhost')] }))).toThrow(
    'invalid IP address',
  );
});

test('host and none give a place without an interface, and stay alone', () => {
  const networks = withNetwork();
  const host = networks.connect(request({ network: 'host', ports: [tcp(80, 80)] }));
  expect([host.interface, host.address, host.mac, host.ports]).toEqual(['', '', '', []]);
  expect(() => networks.connect({ ...request(), containerId: host.containerId })).toThrow(
    'multiple networks',
  );
  const two = networks.connect(request());
  expect(() =>
    networks.connect({ ...request({ network: 'n' }), containerId: two.containerId }),
  ).toThrow('already exists in network');
  expect(networks.hostSetup('host')).toEqual([]);
  const none = networks.connect(request({ network: 'none' }));
  expect(networks.endpointSteps(none).map(({ stage, op }) => [stage, op.op])).toEqual([
    ['inside', 'netlink'],
  ]);
});

test('remove refuses predefined and used networks', () => {
  const networks = withNetwork();
  const endpoint = networks.connect(request());
  expect(() => networks.remove('n')).toThrow('has active endpoints');
  expect(() => networks.remove('bridge')).toThrow('pre-defined');
  networks.disconnect(endpoint.containerId, 'other');
  expect(networks.endpointsOf(endpoint.containerId).length).toBe(1);
  networks.disconnect(endpoint.containerId, 'n');
  networks.disconnect(endpoint.containerId, 'n');
  networks.remove('n');
  expect(() => networks.inspect('n')).toThrow('not found');
});

test('endpointSteps read as what they do', () => {
  const networks = withNetwork();
  const endpoint = networks.connect(request({ ports: [tcp(80, 8080, '127.0.0.1')] }));
  const steps = networks.endpointSteps(endpoint);
  expect(
    steps.map(({ stage, op, why }) =>
      `${stage} ${op.op}: ${why}`.replaceAll(endpoint.hostInterface, 'VETH'),
    ),
  ).toEqual([
    'host reserve-port: 127.0.0.1:8080/tcp is taken as long as the container runs',
    'beside netlink: a cable from network n (VETH) to eth0, for 10.99.0.2',
    'beside netlink: publishes 127.0.0.1:8080->80/tcp',
    'inside sysctl: its networks have IPv4 only',
    'inside netlink: loop-back, 10.99.0.2/29, default route by 10.99.0.1',
    'beside await-link: network n passes packets',
    'inside await-link: eth0 is seen to be up',
    'inside resolver: its monitor hears what it asks by name',
    'inside netlink: port 53 of 127.0.0.11 leads to its monitor',
    'teardown netlink: 127.0.0.1:8080->80/tcp no longer published',
    'teardown netlink: VETH leaves network n',
    'teardown netlink: nobody sends by VETH any more',
  ]);
});

test('create keeps auxiliary addresses back, and connect refuses them by name', () => {
  const networks = room();
  const pools = [{ subnet: '10.98.0.0/29', taken: { router: '10.98.0.2', printer: '10.98.0.4' } }];
  networks.create({ name: 'n', pools });
  expect(networks.connect(request()).address).toBe('10.98.0.3');
  expect(networks.connect(request()).address).toBe('10.98.0.5');
  expect(() => networks.connect(request({ fixedAddress: '10.98.0.4' }))).toThrow(
    'Address already in use',
  );
  const outside = [{ subnet: '10.97.0.0/24', taken: { far: '10.96.0.1' } }];
  expect(() => networks.create({ name: 'm', pools: outside })).toThrow('no matching subnet');
});

test('create reads the switches of bridges, and refuses drivers and words that it does not know', () => {
  const networks = room();
  const icc = 'com.docker.network.bridge.enable_icc';
  const binding = 'com.docker.network.bridge.host_binding_ipv4';
  const options = {
    [icc]: 'false',
    [binding]: '127.0.0.1',
    'com.docker.network.bridge.mtu': '1400',
  };
  const network = networks.create({ name: 'n', options });
  expect([network.isolated, network.hostBinding, network.mtu]).toEqual([true, '127.0.0.1', 1400]);
  const endpoint = networks.connect(request({ ports: [{ ...tcp(80, 8080, '') }] }));
  expect(endpoint.ports.map(({ hostAddress }) => hostAddress)).toEqual(['127.0.0.1']);
  expect(() => networks.create({ name: 'o', options: { [icc]: 'maybe' } })).toThrow('no boolean');
  expect(() => networks.create({ name: 'o', options: { [binding]: '::1' } })).toThrow('invalid');
  expect(() => networks.create({ name: 'o', driver: 'ipvlan' })).toThrow('not supported');
  const six = networks.create({ name: 'six', enableIpv4: false, enableIpv6: true });
  expect(six.ipv4).toBeUndefined();
  const one = networks.connect(request({ network: 'six' }));
  const two = networks.connect(request({ network: 'six' }));
  expect([one.address, one.mac === two.mac]).toEqual(['', false]);
  expect(() => networks.create({ name: 'p', enableIpv4: false })).toThrow('must be enabled');
});

test('chooseLocal takes random bits of the id, and others where those are in use', () => {
  const id = '0123456789abcdef'.repeat(4);
  expect(chooseLocal(id, [])).toMatchObject({
    subnet: 'fd01:2345:6789::/64',
    gateway: 'fd01:2345:6789::1',
  });
  const vpn = parseCidr('fd01:2345::/32')?.subnet;
  expect(chooseLocal(id, vpn ? [vpn] : []).subnet).toBe('fd12:3456:789a::/64');
  const wide = parseCidr('fc00::/7')?.subnet;
  expect(chooseLocal(id, wide ? [wide] : []).subnet).toBe('fd01:2345:6789::/64');
  const all = Array.from({ length: 256 }, (_, at) => {
    const text = `fd${at.toString(16).padStart(2, '0')}::/16`;
    return parseCidr(text)?.subnet ?? [];
  }).flat();
  expect(() => chooseLocal(id, all)).toThrow('every IPv6 subnet tried is in use');
});

test('withoutGuard leaves the guard of the bridges out, where the kernel has none, and only then', () => {
  const EOPNOTSUPP = 95;
  const networks = withNetwork();
  const guard = networks.hostSetup('n').at(-1);
  expect(guard?.why).toContain('no container sends under the address of another');
  expect(networks.withoutGuard(networks.hostSetup('n')[0], EOPNOTSUPP)).toBe(false);
  expect(networks.withoutGuard(networks.hostSetup('n').at(-1), 1)).toBe(false);
  const whys = () => networks.endpointSteps(networks.connect(request())).map(({ why }) => why);
  expect(whys().join()).toContain('any more');
  expect(networks.withoutGuard(networks.hostSetup('n').at(-1), EOPNOTSUPP)).toBe(true);
  expect(networks.hostSetup('n').at(-1)?.why).not.toContain('sends');
  expect(whys().join()).not.toContain('any more');
});
