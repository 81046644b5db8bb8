/** A hostile container, and a hostile neighbour of the host: whose traffic they can take, and where they get in. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, TestEngine, until } from '../integration/harness.ts';
import { LAN, Neighbour, onHostOfItsOwn, prepareHost } from '../integration/own-host.ts';
import {
  arpAnnouncement,
  datagram,
  neighbourAdvertisement,
  routerAdvertisement,
  type Sender,
} from './frames.ts';
import { WIRE } from './network-program.ts';
import { compile } from './support.ts';

const PORT = 7777;
const ROUTER = 'fd66:6:6:6::';

onHostOfItsOwn('networks withstand their members and neighbours', import.meta.path, () => {
  let engine: TestEngine;
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-wire-'));

  beforeAll(async () => {
    await prepareHost();
    await compile(WIRE, join(directory, 'wire'));
    engine = await TestEngine.start();
    await engine.ok('network', 'create', '--ipv6', 'street');
    await start('victim', 'street', [], '/wire/wire', 'hear', String(PORT));
    await start('server', 'street', ['-p', '127.0.0.1:8081:80', '-p', '8082:80'], ...SERVE);
    const listens = 'until grep -q ":0050 " /proc/net/tcp /proc/net/tcp6; do :; done';
    await engine.ok('exec', 'server', 'sh', '-c', listens);
    await start('thief', 'street', [], 'sleep', '600');
    // The control: it may do all that the guard keeps others from.
    await start('router', 'street', ['--cap-add', 'NET_ADMIN'], 'sleep', '600');
  });

  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const SERVE = ['sh', '-c', 'mkdir /w; echo page >/w/index.html; exec httpd -f -p 80 -h /w'];

  function start(name: string, network: string, options: string[], ...program: string[]) {
    const wire = ['-v', `${directory}:/wire:ro`];
    const args = ['run', '-d', '--name', name, '--network', network, ...wire, ...options];
    return engine.ok(...args, 'starter', ...program);
  }

  async function sender(name: string, family: 4 | 6 = 4, network = 'street'): Promise<Sender> {
    const key = family === 4 ? 'IPAddress' : 'GlobalIPv6Address';
    const settings = `(index .NetworkSettings.Networks "${network}")`;
    const format = `{{${settings}.MacAddress}} {{${settings}.${key}}}`;
    const [mac = '', ip = ''] = (await engine.ok('inspect', '-f', format, name)).split(' ');
    return { mac, ip };
  }

  async function gateway(family: 4 | 6 = 4, network = 'street'): Promise<Sender> {
    const format = '{{range .IPAM.Config}}{{.Gateway}} {{end}}';
    const gateways = (await engine.ok('network', 'inspect', '-f', format, network)).split(' ');
    const ip = gateways.find((text) => text.includes(':') === (family === 6)) ?? '';
    const id = await engine.ok('network', 'inspect', '-f', '{{.Id}}', network);
    const link = await must(['cat', `/sys/class/net/br-${id.slice(0, 12)}/address`]);
    return { mac: link.trim(), ip };
  }

  async function send(from: string, ...frames: number[][]): Promise<void> {
    const hex = frames.map((frame) => Buffer.from(frame).toString('hex'));
    await engine.ok('exec', from, '/wire/wire', 'send', 'eth0', ...hex);
  }

  /** Sends an honest datagram behind the frames, and returns what the victim heard up to that. */
  async function heard(from: string, ...frames: number[][]): Promise<string> {
    const mark = `end-${crypto.randomUUID()}`;
    const honest = datagram(await sender(from), await sender('victim'), PORT, mark);
    const before = await engine.ok('logs', 'victim');
    await send(from, ...frames, honest);
    let text = '';
    await until('the honest datagram arrives', async () => {
      text = await engine.ok('logs', 'victim');
      return text.includes(mark);
    });
    return text.slice(before.length).replace(mark, '').trim();
  }

  test('a container sends under no address of another, the control does', async () => {
    const [victim, server] = [await sender('victim'), await sender('server')];
    for (const from of ['thief', 'router']) {
      const own = await sender(from);
      const got = await heard(
        from,
        datagram({ mac: own.mac, ip: server.ip }, victim, PORT, 'address'),
        datagram(server, victim, PORT, 'both'),
        datagram({ mac: server.mac, ip: own.ip }, victim, PORT, 'hardware'),
        datagram({ mac: own.mac, ip: server.ip }, victim, PORT, 'tag', 1),
        datagram({ mac: own.mac, ip: server.ip }, victim, PORT, 'tags', 2),
      );
      expect(got).toBe(from === 'thief' ? '' : 'address\nboth\nhardware\ntag\ntags');
    }
    // Whoever sent last under its address has its place in the bridge; it takes that back.
    await engine.ok('exec', 'server', 'ping', '-c1', '-W2', victim.ip);
  });

  test('ARP of a container for the gateway or a neighbour is believed by nobody, that of the control is', async () => {
    const [gate, server] = [await gateway(), await sender('server')];
    const known = async (ip: string) => {
      const table = await engine.ok('exec', 'victim', 'cat', '/proc/net/arp');
      const line = table.split('\n').find((one) => one.startsWith(`${ip} `));
      return line?.split(/ +/)[3];
    };
    for (const { ip, mac } of [gate, server]) {
      await engine.ok('exec', 'victim', 'ping', '-c1', '-W2', ip);
      expect(await known(ip)).toBe(mac);
      for (const from of ['thief', 'router']) {
        const own = await sender(from);
        const claimed = { mac: own.mac, ip };
        await heard(from, arpAnnouncement(own.mac, claimed), arpAnnouncement(mac, claimed));
        expect(await known(ip)).toBe(from === 'thief' ? mac : own.mac);
      }
    }
  });

  test('neighbour advertisements of a container for another are dropped, those of the control are not', async () => {
    const victim = await sender('victim', 6);
    const gate = await gateway(6);
    const known = async () => {
      const table = await inNetworkOf('victim', 'ip', '-6', 'neighbour', 'show', gate.ip);
      return /lladdr ([0-9a-f:]+)/.exec(table)?.[1];
    };
    await engine.ok('exec', 'victim', 'ping6', '-c1', '-W2', gate.ip);
    expect(await known()).toBe(gate.mac);
    for (const from of ['thief', 'router']) {
      const own = await sender(from, 6);
      const claimed = { mac: own.mac, ip: gate.ip };
      const lie = (source: Sender) => neighbourAdvertisement(source, victim, claimed);
      await heard(from, lie(own), lie({ mac: own.mac, ip: gate.ip }));
      expect(await known()).toBe(from === 'thief' ? gate.mac : own.mac);
    }
  });

  test('no container poses as a router, to others or to the host, whatever its rights (CVE-2020-13401)', async () => {
    const routes = async () => [
      await inNetworkOf('victim', 'ip', '-6', 'route'),
      await must(['ip', '-6', 'route']),
      await inNetworkOf('victim', 'ip', '-6', 'address', 'show', 'scope', 'global'),
    ];
    const before = await routes();
    for (const from of ['thief', 'router']) {
      const link = await inNetworkOf(from, 'ip', '-6', 'address', 'show', 'scope', 'link');
      const ip = /inet6 (fe80:[0-9a-f:]+)/.exec(link)?.[1] ?? '';
      const { mac } = await sender(from);
      await heard(from, routerAdvertisement({ mac, ip }, ROUTER));
      expect(await routes()).toEqual(before);
    }
    expect(before.join()).not.toContain('fd66');
  });

  test('a neighbour of the host reaches published ports, and neither container addresses nor loop-back', async () => {
    await using neighbour = await Neighbour.attach();
    const server = await sender('server');
    const attempts = async () => {
      expect(await neighbour.page(LAN.host, 8082)).toEndWith('page\n');
      expect(await neighbour.page(LAN.host, 8081)).toContain('Connection refused');
      expect(await neighbour.isSilent(server.ip, 80)).toBe(true);
      expect(await neighbour.isSilent('127.0.0.1', 8081)).toBe(true);
    };
    expect(await (await fetch('http://127.0.0.1:8081/')).text()).toBe('page\n');
    for (const command of [
      'sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.eth0.route_localnet=1',
      'ip route flush table local 127.0.0.0/8',
      `ip route add 127.0.0.1 via ${LAN.host}`,
    ]) {
      await neighbour.ok(...command.split(' '));
    }
    await attempts();
    // A firewall that is loaded anew begins with this; the engine notices (CVE-2025-54388, CVE-2025-54410).
    await must(['nft', 'flush', 'ruleset']);
    await until('the tables are there again', tablesThere);
    await attempts();
    await engine.kill();
    await must(['nft', 'flush', 'ruleset']);
    // The control: now nothing keeps it from a container's own address.
    expect(await neighbour.page(server.ip, 80)).toEndWith('page\n');
    await engine.serve();
    await until('the tables are there again', tablesThere);
    await attempts();
    const victim = await sender('victim');
    const { mac } = await sender('thief');
    expect(await heard('thief', datagram({ mac, ip: server.ip }, victim, PORT, 'flushed'))).toBe(
      '',
    );
  });

  async function tablesThere(): Promise<boolean> {
    const tables = await must(['nft', 'list', 'ruleset']);
    const { ip } = await sender('server');
    return tables.includes(`tcp . 8082 : ${ip} . 80`) && tables.includes(`@senders4`);
  }

  test('an internal network leads nowhere: by its gateway, by published ports, or by names', async () => {
    await using neighbour = await Neighbour.attach();
    await engine.ok('network', 'create', '--internal', 'inside');
    await start(
      'prisoner',
      'inside',
      ['--dns', LAN.host, '--cap-add', 'NET_ADMIN'],
      'sleep',
      '600',
    );
    const server = await sender('server');
    const gate = await gateway(4, 'inside');
    // Who asks the host's servers is seen here.
    const asked: string[] = [];
    const dns = await Bun.udpSocket({
      hostname: LAN.host,
      port: 53,
      socket: { data: (_, bytes) => void asked.push(bytes.toString('latin1')) },
    });
    const inside = (...argv: string[]) => engine.tiffin(['exec', 'prisoner', ...argv]);
    expect((await inside('ip', 'route')).stdout).not.toContain('default');
    const answer = await inside('nslookup', 'secret.example.com');
    expect(answer.stdout).toContain('NXDOMAIN');
    // It makes itself a way by the bridge's address, which is the host's.
    await inside('ip', 'route', 'add', 'default', 'via', gate.ip);
    await neighbour.ok('ip', 'route', 'replace', 'default', 'via', LAN.host);
    const received = async () => await neighbour.ok('cat', '/proc/net/snmp');
    const before = await received();
    for (const target of [LAN.neighbour, server.ip]) {
      expect((await inside('ping', '-c1', '-W1', target)).stdout).toContain('100% packet loss');
    }
    const published = await inside('timeout', '1', 'wget', '-qO-', `http://${LAN.host}:8082/`);
    expect(published.stdout).toBe('');
    expect(await received()).toBe(before);
    expect(asked).toEqual([]);
    dns.close();
    await engine.ok('rm', '-f', 'prisoner');
    await engine.ok('network', 'rm', 'inside');
  });

  test('containers of a network without icc do not reach each other by the gateway either', async () => {
    const icc = 'com.docker.network.bridge.enable_icc=false';
    await engine.ok('network', 'create', '-o', icc, 'apart');
    await start('lone', 'apart', [], '/wire/wire', 'hear', String(PORT));
    await start('other', 'apart', [], 'sleep', '600');
    const [lone, other] = [await sender('lone', 4, 'apart'), await sender('other', 4, 'apart')];
    const gate = await gateway(4, 'apart');
    const round = datagram(other, { mac: gate.mac, ip: lone.ip }, PORT, 'round');
    await send('other', datagram(other, lone, PORT, 'straight'), round);
    // The host may: what it sends comes behind the others.
    const host = await Bun.udpSocket({ connect: { hostname: lone.ip, port: PORT } });
    host.send('host');
    await until('the host is heard', async () =>
      (await engine.ok('logs', 'lone')).includes('host'),
    );
    host.close();
    expect(await engine.ok('logs', 'lone')).toBe('ready\nhost');
    await engine.ok('rm', '-f', 'lone', 'other');
    await engine.ok('network', 'rm', 'apart');
  });

  /** The host's own program in the container's network. */
  async function inNetworkOf(name: string, ...argv: string[]): Promise<string> {
    const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', name);
    return await must(['nsenter', '-t', pid, '-n', ...argv]);
  }
});
