import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../host/database.ts';
import { addAddress, createVeth, deleteLink, setLink } from '../netlink/index.ts';
import type { Step } from '../plan/ops.ts';
import { ipBytes, parseIp } from '../spec/ip.ts';
import { netlink } from './host-plan.ts';
import { type ConnectRequest, type Endpoint, openNetworks, type PortRequest } from './index.ts';
import { instanceOf } from './instance.ts';
import { callTcp, callUdp, listenTcp } from './testing/peer.ts';
import { apply, inPrivateHost, run, startContainer } from './testing/private-host.ts';

const PEER = join(import.meta.dir, 'testing/peer.ts');
/** A network beside the host, with a neighbour on it. */
const LAN = { host: '10.9.0.1', neighbour: '10.9.0.2' };
const LAN_INDEX = 77;
const ENODEV = 19;
let count = 0;

inPrivateHost('endpointSteps and hostSetup work in a host of their own', import.meta.path, () => {
  const networks = openNetworks({ database: openDatabase(':memory:'), dataRoot: '/test' });
  networks.ensureDefault();
  apply(networks.hostSetup('bridge'));
  const other = networks.create({ name: 'other' });
  apply(networks.hostSetup('other'));
  networks.create({ name: 'inner', internal: true });
  apply(networks.hostSetup('inner'));

  const place = (request: Partial<ConnectRequest> = {}): Endpoint => {
    count += 1;
    const containerId = String(count).padStart(64, 'c');
    return networks.connect({ containerId, network: 'bridge', hostname: 'h', ...request });
  };
  const start = (...endpoints: Endpoint[]) => startPeer(networks.endpointSteps(...endpoints));
  const port = (
    containerPort: number,
    hostPort: number,
    hostAddress = '',
    protocol: 'tcp' | 'udp' = 'tcp',
  ): PortRequest => ({
    protocol,
    containerPort,
    hostAddress,
    hostPort,
  });

  test('endpointSteps give address, default route, loop-back and no IPv6', async () => {
    const endpoint = place();
    await using container = await start(endpoint);
    expect(await container.ask('run ip -br -4 address')).toMatch(
      /^lo .*127\.0\.0\.1\/8 *\| eth0@.* UP .*\/16/,
    );
    expect(await container.ask('run ip route show default')).toContain(`via ${endpoint.gateway}`);
    expect(await container.ask('run cat /proc/net/if_inet6')).toBe('done');
    expect(await container.ask('run cat /sys/class/net/eth0/mtu')).not.toBe('');
    expect(await container.ask('run ip link show eth0')).toContain(endpoint.mac);
  });

  test('endpointSteps connect the host, containers of one network and the gateway', async () => {
    const [a, b] = [place(), place()];
    await using first = await start(a);
    await using second = await start(b);
    await first.ask('listen tcp 0.0.0.0 80');
    await first.ask('listen udp 0.0.0.0 53');
    expect(await callTcp(a.address, 80)).toBe(`from ${a.gateway}`);
    expect(await callUdp(a.address, 53)).toBe(`from ${a.gateway}`);
    expect(await second.ask(`call tcp ${a.address} 80`)).toBe(`from ${b.address}`);
    expect(await second.ask(`call udp ${a.address} 53`)).toBe(`from ${b.address}`);
    expect(await listenTcp(a.gateway, 7000)).toBe('listening');
    expect(await second.ask(`call tcp ${a.gateway} 7000`)).toBe(`from ${b.address}`);
  });

  test('endpointSteps publish TCP and UDP to the host, its loop-back, neighbours and the LAN', async () => {
    await using lan = await startLan();
    const [a, b, c] = [
      place({ ports: [port(80, 8080), port(53, 5353, '', 'udp')] }),
      place(),
      place({ network: 'other' }),
    ];
    await using server = await start(a);
    await using neighbour = await start(b);
    await using stranger = await start(c);
    await server.ask('listen tcp 0.0.0.0 80');
    await server.ask('listen udp 0.0.0.0 53');
    expect(await callTcp('127.0.0.1', 8080)).toBe(`from ${a.gateway}`);
    expect(await callTcp('127.5.5.5', 8080)).toBe(`from ${a.gateway}`);
    expect(await callUdp('127.0.0.1', 5353)).toBe(`from ${a.gateway}`);
    expect(await callTcp(LAN.host, 8080)).toBe(`from ${LAN.host}`);
    expect(await lan.ask(`call tcp ${LAN.host} 8080`)).toBe(`from ${LAN.neighbour}`);
    expect(await lan.ask(`call udp ${LAN.host} 5353`)).toBe(`from ${LAN.neighbour}`);
    expect(await neighbour.ask(`call tcp ${LAN.host} 8080`)).toBe(`from ${a.gateway}`);
    expect(await server.ask(`call tcp ${a.gateway} 8080`)).toBe(`from ${a.gateway}`);
    expect(await server.ask(`call udp ${a.gateway} 5353`)).toBe(`from ${a.gateway}`);
    expect(await stranger.ask(`call tcp ${LAN.host} 8080`)).toBe(`from ${a.gateway}`);
  });

  test('endpointSteps keep a port published on 127.0.0.1 from everybody else', async () => {
    await using lan = await startLan();
    const a = place({ ports: [port(80, 8081, '127.0.0.1')] });
    const b = place();
    await using server = await start(a);
    await using neighbour = await start(b);
    await server.ask('listen tcp 0.0.0.0 80');
    expect(await callTcp('127.0.0.1', 8081)).toBe(`from ${a.gateway}`);
    expect(await callTcp(LAN.host, 8081)).toBe('ECONNREFUSED');
    expect(await lan.ask(`call tcp ${LAN.host} 8081`)).toBe('ECONNREFUSED');
    await sendLoopbackBy(lan, LAN.host);
    expect(await lan.ask('call tcp 127.0.0.1 8081')).toBe('silence');
    await sendLoopbackBy(neighbour, b.gateway);
    expect(await neighbour.ask('call tcp 127.0.0.1 8081')).toBe('silence');
  });

  test('hostSetup keeps containers from services on the loop-back of the host', async () => {
    expect(await listenTcp('127.0.0.1', 7001)).toBe('listening');
    const endpoint = place();
    await using container = await start(endpoint);
    await sendLoopbackBy(container, endpoint.gateway);
    expect(await container.ask('call tcp 127.0.0.1 7001')).toBe('silence');
    expect(await callTcp('127.0.0.1', 7001)).toBe('from 127.0.0.1');
  });

  test('hostSetup keeps the LAN and other networks from container addresses, and lets containers out', async () => {
    await using lan = await startLan();
    const [a, b] = [place(), place({ network: 'other' })];
    await using server = await start(a);
    await using stranger = await start(b);
    await server.ask('listen tcp 0.0.0.0 80');
    await lan.ask(`run ip route add 172.16.0.0/12 via ${LAN.host}`);
    await lan.ask('listen tcp 0.0.0.0 90');
    const seen = forwardDrops();
    expect(await lan.ask(`call tcp ${a.address} 80`)).toBe('silence');
    // It did not even come as far as the forward chain.
    expect(forwardDrops()).toBe(seen);
    expect(await stranger.ask(`call tcp ${a.address} 80`)).toBe('silence');
    expect(await server.ask(`call tcp ${LAN.neighbour} 90`)).toBe(`from ${LAN.host}`);
    expect(await stranger.ask(`call tcp ${LAN.neighbour} 90`)).toBe(`from ${LAN.host}`);
  });

  test('hostSetup gives an internal network neighbours and nothing else', async () => {
    await using lan = await startLan();
    const [a, b] = [
      place({ network: 'inner', ports: [port(80, 8082)] }),
      place({ network: 'inner' }),
    ];
    expect(a.ports).toEqual([]);
    await using server = await start(a);
    await using neighbour = await start(b);
    await server.ask('listen tcp 0.0.0.0 80');
    await lan.ask('listen tcp 0.0.0.0 90');
    // The LAN could answer, so that silence means that nothing was let out.
    expect(await lan.ask(`run ip route add 172.16.0.0/12 via ${LAN.host}`)).toBe('done');
    expect(await neighbour.ask(`call tcp ${a.address} 80`)).toBe(`from ${b.address}`);
    expect(await neighbour.ask(`call tcp ${LAN.neighbour} 90`)).not.toContain('from');
    expect(await neighbour.ask('run ip route show default')).toBe('done');
    const gateway = networks.inspect('inner').ipv4?.gateway;
    await neighbour.ask(`run ip route add default via ${gateway}`);
    const received = await lan.ask('run grep ^Tcp: /proc/net/snmp');
    expect(await neighbour.ask(`call tcp ${LAN.neighbour} 90`)).toBe('silence');
    expect(await lan.ask('run grep ^Tcp: /proc/net/snmp')).toBe(received);
  });

  test('hostSetup without masquerade lets containers out under their own address and nobody in', async () => {
    await using lan = await startLan();
    const options = { 'com.docker.network.bridge.enable_ip_masquerade': 'false' };
    networks.create({ name: 'routed', options });
    apply(networks.hostSetup('routed'));
    const endpoint = place({ network: 'routed' });
    await using container = await start(endpoint);
    await container.ask('listen tcp 0.0.0.0 80');
    await lan.ask('listen tcp 0.0.0.0 90');
    expect(await lan.ask(`run ip route add 172.16.0.0/12 via ${LAN.host}`)).toBe('done');
    expect(await container.ask(`call tcp ${LAN.neighbour} 90`)).toBe(`from ${endpoint.address}`);
    expect(await lan.ask(`call tcp ${endpoint.address} 80`)).toBe('silence');
  });

  test('endpointSteps join a container to two networks; the first by name has the default route', async () => {
    const a = place();
    const b = networks.connect({ containerId: a.containerId, network: 'other', hostname: 'h' });
    expect(b.interface).toBe('eth1');
    await using container = await start(a, b);
    await container.ask('listen tcp 0.0.0.0 80');
    expect(await callTcp(a.address, 80)).toBe(`from ${a.gateway}`);
    expect(await callTcp(b.address, 80)).toBe(`from ${b.gateway}`);
    expect(await container.ask('run ip route show default')).toContain(`via ${a.gateway} dev eth0`);
  });

  test('endpointSteps keep containers of a network without icc apart, not from the host', async () => {
    const options = { 'com.docker.network.bridge.enable_icc': 'false' };
    networks.create({ name: 'apart', options });
    apply(networks.hostSetup('apart'));
    const [a, b] = [
      place({ network: 'apart', ports: [port(80, 8099)] }),
      place({ network: 'apart' }),
    ];
    await using first = await start(a);
    await using second = await start(b);
    await first.ask('listen tcp 0.0.0.0 80');
    expect(await second.ask(`call tcp ${a.address} 80`)).toBe('silence');
    expect(await callTcp(a.address, 80)).toBe(`from ${a.gateway}`);
    expect(await callTcp('127.0.0.1', 8099)).toBe(`from ${a.gateway}`);
  });

  test('endpointSteps turn a sender over UDP to the new container', async () => {
    await using lan = await startLan();
    expect(await lan.ask(`keep udp 4000 ${LAN.host} 5400`)).toBe('silence');
    for (let round = 0; round < 2; round += 1) {
      const endpoint = place({ ports: [port(53, 5400, '', 'udp')] });
      await using server = await start(endpoint);
      await server.ask('listen udp 0.0.0.0 53');
      expect(await lan.ask(`keep udp 4000 ${LAN.host} 5400`)).toBe(`from ${LAN.neighbour}`);
      await server.stop();
      networks.disconnect(endpoint.containerId);
    }
  });

  test('endpointSteps carry IPv6 with neighbours and published ports', async () => {
    networks.create({ name: 'six', enableIpv6: true });
    apply(networks.hostSetup('six'));
    const [a, b] = [place({ network: 'six', ports: [port(80, 8088)] }), place({ network: 'six' })];
    await using server = await start(a);
    await using neighbour = await start(b);
    await server.ask('listen tcp :: 80');
    expect(await callTcp(a.address6, 80)).toBe(`from ${a.gateway6}`);
    expect(await callTcp(a.address, 80)).toBe(`from ${a.gateway}`);
    expect(await neighbour.ask(`call tcp ${a.address6} 80`)).toBe(`from ${b.address6}`);
    expect(await neighbour.ask(`call tcp ${a.gateway6} 8088`)).toBe(`from ${a.gateway6}`);
    expect(await callTcp(a.gateway6, 8088)).toBe(`from ${a.gateway6}`);
    expect(await server.ask('run cat /proc/sys/net/ipv6/conf/eth0/accept_ra')).toBe('0');
    expect(await server.ask('run ip -6 route show default')).toContain(
      `via ${a.gateway6} dev eth0`,
    );
  });

  test('a port held by a process of the host fails the start, and portTaken names the process', async () => {
    using held = Bun.listen({ hostname: '0.0.0.0', port: 8083, socket: { data() {} } });
    const endpoint = place({ ports: [port(80, 8083)] });
    await expect(start(endpoint)).rejects.toThrow('0.0.0.0:8083: Address');
    const [taken] = endpoint.ports;
    if (taken === undefined) throw new Error('no port');
    expect(networks.portOwner(taken)).toEqual({
      kind: 'container',
      containerId: endpoint.containerId,
    });
    expect(networks.portTaken(taken, 'web').message).toStartWith(
      `driver failed programming external connectivity on endpoint web: Bind for 0.0.0.0:8083 failed: port is already allocated (by process ${process.pid}, `,
    );
    expect(held.port).toBe(8083);
    networks.disconnect(endpoint.containerId);
    expect(networks.portOwner(taken)).toMatchObject({ kind: 'process', pid: process.pid });
    expect(run(['nft', 'list', 'table', 'inet', tableName()])).not.toContain('8083');
  });

  test('teardown takes the port, the map element and the interface away', async () => {
    const endpoint = place({ ports: [port(80, 8084), port(81, 8085, '127.0.0.1')] });
    const container = await start(endpoint);
    await container.ask('listen tcp 0.0.0.0 80');
    expect(run(['nft', 'list', 'table', 'inet', tableName()])).toContain(
      `tcp . 8084 : ${endpoint.address} . 80`,
    );
    expect(run(['nft', 'list', 'table', 'inet', tableName()])).toContain('tcp . 127.0.0.1 . 8085');
    await container.stop();
    const after = run(['nft', 'list', 'table', 'inet', tableName()]);
    expect(after).not.toContain('8084');
    expect(after).not.toContain('8085');
    expect(await callTcp('127.0.0.1', 8084)).toBe('ECONNREFUSED');
    await until(() => !readFileSync('/proc/net/dev', 'utf8').includes(endpoint.hostInterface));
  });

  test('endpointTeardown undoes what a killed monitor left, and does nothing twice', async () => {
    const endpoint = place({ ports: [port(80, 8086)] });
    const container = await start(endpoint);
    process.kill(container.pid, 'SIGKILL');
    await container.stop();
    expect(run(['nft', 'list', 'table', 'inet', tableName()])).toContain('8086');
    apply(networks.endpointTeardown(endpoint));
    apply(networks.endpointTeardown(endpoint));
    expect(run(['nft', 'list', 'table', 'inet', tableName()])).not.toContain('8086');
  });

  test('hostSetup brings a deleted table and bridge back with live ports and leaves foreign tables alone', async () => {
    const endpoint = place({ ports: [port(80, 8087)] });
    await using container = await start(endpoint);
    await container.ask('listen tcp 0.0.0.0 80');
    run(['nft', 'delete', 'table', 'inet', tableName()]);
    run(['nft', 'add', 'table', 'inet', 'foreign']);
    expect(await callTcp('127.0.0.1', 8087)).toBe('ECONNREFUSED');
    networks.forgetFirewall();
    apply(networks.hostSetup('bridge'));
    expect(await callTcp('127.0.0.1', 8087)).toBe(`from ${endpoint.gateway}`);
    run(['ip', 'link', 'delete', networks.inspect('bridge').bridge]);
    networks.forgetFirewall();
    apply(networks.hostSetup('bridge'));
    expect(await callTcp(endpoint.address, 80)).toBe(`from ${endpoint.gateway}`);
    // Without the counters: the last segments of the calls above may still be on their way.
    const before = run(['nft', '--stateless', 'list', 'ruleset']);
    apply(networks.hostSetup('bridge'));
    expect(run(['nft', '--stateless', 'list', 'ruleset'])).toBe(before);
    expect(before).toContain('table inet foreign');
  });

  test('hostTeardown removes a network, hostRelease the rest', () => {
    for (const network of networks.list()) {
      for (const { containerId } of networks.endpoints(network.id))
        networks.disconnect(containerId);
    }
    apply(networks.hostTeardown('other'));
    apply(networks.hostTeardown('other'));
    expect(run(['nft', 'list', 'table', 'inet', tableName()])).not.toContain(other.bridge);
    networks.remove('other');
    apply(networks.hostRelease());
    expect(run(['nft', 'list', 'ruleset'])).not.toContain(tableName());
    expect(run(['ip', '-br', 'link', 'show', 'type', 'bridge'])).toBe('');
  });
});

function tableName(): string {
  return instanceOf('/test').table;
}

async function startPeer(steps: readonly Step[]) {
  const container = await startContainer(steps, [process.execPath, PEER]);
  expect(container.first).toBe('ready');
  const ask = (command: string): Promise<string> => {
    container.write(`${command}\n`);
    return container.line();
  };
  return Object.assign(container, { ask });
}

/** Packets that the forward chain has dropped. */
function forwardDrops(): number {
  const chain = run(['nft', 'list', 'chain', 'inet', tableName(), 'into_network']);
  return Number(/packets (\d+)/.exec(chain)?.[1]);
}

/** Another machine on the host's LAN. */
function startLan() {
  const v4 = (text: string) => ipBytes(parseIp(text) ?? { family: 4, value: 0n });
  const peer = {
    name: 'eth0',
    index: 16,
    mac: Uint8Array.of(2, 0, 0, 0, 0, 9),
    mtu: 1500,
    up: false,
  };
  return startPeer([
    {
      stage: 'beside',
      op: netlink([
        createVeth({ name: 'lan0', index: LAN_INDEX, mtu: 1500, master: 0, up: false, peer }),
        setLink({ index: LAN_INDEX, up: true }),
        addAddress({ index: LAN_INDEX, address: v4(LAN.host), prefix: 24 }),
      ]),
      why: '',
    },
    {
      stage: 'inside',
      op: netlink([
        setLink({ index: 16, up: true }),
        addAddress({ index: 16, address: v4(LAN.neighbour), prefix: 24 }),
      ]),
      why: '',
    },
    { stage: 'teardown', op: netlink([deleteLink('lan0')], [ENODEV]), why: '' },
  ]);
}

/** Makes 127.0.0.1 an address of somebody else, reached over the wire. */
async function sendLoopbackBy(peer: { ask(command: string): Promise<string> }, gateway: string) {
  for (const command of [
    'sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.eth0.route_localnet=1',
    'ip address flush dev lo',
    'ip route flush table local 127.0.0.0/8',
    `ip route add 127.0.0.1 via ${gateway}`,
  ]) {
    expect(await peer.ask(`run ${command}`)).toBe('done');
  }
}

/** For what the kernel does on its own time. */
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not happen within 5 s');
    await Bun.sleep(2);
  }
}
