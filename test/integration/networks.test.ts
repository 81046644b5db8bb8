/** Networks as their users have them, on a host of their own with a neighbour on its wire. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sctpInit } from '../attacks/frames.ts';
import { WIRE } from '../attacks/network-program.ts';
import { compile } from '../attacks/support.ts';
import { must, run, TestEngine, until } from './harness.ts';
import { LAN, Neighbour, onHostOfItsOwn, prepareHost } from './own-host.ts';

onHostOfItsOwn('networks on a host of their own', import.meta.path, () => {
  let engine: TestEngine;
  let neighbour: Neighbour;
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-wire-'));

  beforeAll(async () => {
    await prepareHost();
    await compile(WIRE, join(directory, 'wire'));
    neighbour = await Neighbour.attach();
    engine = await TestEngine.start();
  });

  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await neighbour[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const PAGES = 'mkdir -p /w/cgi-bin; echo page >/w/index.html; cd /w/cgi-bin';
  const WHO = 'printf \'#!/bin/sh\\necho; echo "from $REMOTE_ADDR"\' >who; chmod +x who';
  const SERVE = ['sh', '-c', `${PAGES}; ${WHO}; exec httpd -f -p 80 -h /w`];
  const LISTENS = 'until grep -q ":0050 " /proc/net/tcp /proc/net/tcp6; do :; done';
  /** A web server that listens. */
  async function start(...args: string[]): Promise<string> {
    const id = await engine.ok('run', '-d', ...args, 'starter', ...SERVE);
    await engine.ok('exec', id, 'sh', '-c', LISTENS);
    return id;
  }

  test('-p keeps the address of the caller, over both families, on an address of choice, and leads back', async () => {
    await engine.ok('network', 'create', '--ipv6', 'both');
    const id = await start('--network', 'both', '-p', '8080:80', '-p', `${LAN.host}:8081:80`);
    const who = (address: string, port: number) => neighbour.page(address, port, '/cgi-bin/who');
    expect(await who(LAN.host, 8080)).toEndWith(`from [::ffff:${LAN.neighbour}]\n`);
    expect(await who(LAN.host, 8081)).toEndWith(`from [::ffff:${LAN.neighbour}]\n`);
    expect(await who(LAN.host6, 8080)).toEndWith(`from [${LAN.neighbour6}]\n`);
    expect(await who(LAN.host6, 8081)).toContain('Connection refused');
    const page = async (url: string) => await (await fetch(url)).text();
    expect(await page('http://127.0.0.1:8080/')).toBe('page\n');
    expect(await page(`http://[${LAN.host6}]:8080/`)).toBe('page\n');
    expect(await page('http://localhost:8080/')).toBe('page\n');
    const refused = `exec 3<>/dev/tcp/::1/8080`;
    expect((await run(['timeout', '5', 'bash', '-c', refused])).stderr).toContain('refused');
    await expect(page('http://127.0.0.1:8081/')).rejects.toThrow();
    const six = ['run', '--network', 'both', '-p', '[::1]:8082:80', 'starter', 'true'];
    expect((await engine.tiffin(six)).stderr).toContain('cannot publish on ::1');
    // Itself, and a stranger of another network, by the host's address.
    const get = ['wget', '-qO-', `http://${LAN.host}:8080/`];
    expect(await engine.ok('exec', id, ...get)).toBe('page');
    expect(await engine.ok('run', '--rm', 'starter', ...get)).toBe('page');
    expect((await engine.ok('port', id)).split('\n').sort()).toEqual([
      '80/tcp -> 0.0.0.0:8080',
      `80/tcp -> ${LAN.host}:8081`,
      '80/tcp -> [::]:8080',
    ]);
    await engine.ok('rm', '-f', id);
    expect(await who(LAN.host, 8080)).toContain('Connection refused');
    await engine.ok('network', 'rm', 'both');
  });

  test('-p with ranges publishes each, or the first that is free; -P what is exposed', async () => {
    const pairs = await start('-p', '8100-8102:80-82');
    expect((await engine.ok('port', pairs)).split('\n').sort()).toEqual([
      '80/tcp -> 0.0.0.0:8100',
      '81/tcp -> 0.0.0.0:8101',
      '82/tcp -> 0.0.0.0:8102',
    ]);
    expect(await neighbour.page(LAN.host, 8100)).toEndWith('page\n');
    const next = await start('-p', '8100-8105:80');
    expect(await engine.ok('port', next, '80')).toBe('0.0.0.0:8103');
    expect(await neighbour.page(LAN.host, 8103)).toEndWith('page\n');
    const all = await start('-P', '--expose', '80', '--expose', '53/udp');
    const shown = await engine.ok('port', all);
    const port = /^80\/tcp -> 0\.0\.0\.0:(\d+)$/m.exec(shown)?.[1];
    expect(shown).toMatch(/^53\/udp -> 0\.0\.0\.0:\d+$/m);
    expect(await neighbour.page(LAN.host, Number(port))).toEndWith('page\n');
    const uneven = await engine.tiffin(['create', '-p', '8100-8102:80-81', 'starter']);
    expect(uneven.stderr).toContain('invalid ranges specified for container and host Ports');
    await engine.ok('rm', '-f', pairs, next, all);
  });

  test('networks outlive kill -9 of the engine; who lost its port meanwhile says so, and nobody else suffers', async () => {
    await engine.ok('network', 'create', 'kept');
    await start('--name', 'web', '--network', 'kept', '-p', '8200:80');
    const asks = ['--name', 'asks', '--network', 'kept', 'starter', 'sleep', '600'];
    await engine.ok('run', '-d', ...asks);
    await start('--name', 'robbed', '--restart', 'always', '-p', '8201:80');
    const robbed = Number(await engine.ok('inspect', '-f', '{{.State.Pid}}', 'robbed'));
    await engine.kill();
    expect(await neighbour.page(LAN.host, 8200)).toEndWith('page\n');
    process.kill(robbed, 'SIGKILL');
    let thief: ReturnType<typeof listen> | undefined;
    await until('the port is free', () => {
      thief = listen(8201);
      return thief !== undefined;
    });
    await engine.serve();
    expect(await neighbour.page(LAN.host, 8200)).toEndWith('page\n');
    const get = ['wget', '-qO-', 'http://web/'];
    expect(await engine.ok('exec', 'asks', ...get)).toBe('page');
    const error = () => engine.ok('inspect', '-f', '{{.State.Status}} {{.State.Error}}', 'robbed');
    await until('the start was tried', async () => (await error()).includes('8201'));
    expect(await error()).toContain(
      `Bind for 0.0.0.0:8201 failed: port is already allocated (by process ${process.pid}`,
    );
    thief?.stop(true);
    await engine.ok('start', 'robbed');
    await engine.ok('exec', 'robbed', 'sh', '-c', LISTENS);
    expect(await neighbour.page(LAN.host, 8201)).toEndWith('page\n');
    // A network can be joined and left by who was adopted, and its port goes with it.
    await engine.ok('network', 'create', 'later');
    await engine.ok('network', 'connect', 'later', 'web');
    await engine.ok('network', 'disconnect', 'kept', 'web');
    expect(await neighbour.page(LAN.host, 8200)).toEndWith('page\n');
    await engine.ok('rm', '-f', 'web', 'asks', 'robbed');
    await engine.ok('network', 'rm', 'kept', 'later');
    const left = await must(['nft', 'list', 'ruleset']);
    for (const word of ['8200', '8201', 'veth']) expect(left).not.toContain(word);
  });

  /** Undefined while somebody else has the port. */
  function listen(port: number) {
    try {
      return Bun.listen({ hostname: '0.0.0.0', port, socket: { data() {} } });
    } catch {
      return undefined;
    }
  }

  test('-p publishes SCTP, whether or not the kernel speaks it itself', async () => {
    const wire = ['-v', `${directory}:/wire:ro`, 'starter', '/wire/wire', 'sctp'];
    await engine.ok('run', '-d', '--name', 'talk', '-p', '9000:3868/sctp', ...wire);
    await until('it hears', async () => (await engine.ok('logs', 'talk')) === 'ready');
    expect(await engine.ok('port', 'talk')).toBe('3868/sctp -> 0.0.0.0:9000');
    const [near, far] = [
      await must(['cat', '/sys/class/net/lan0/address']),
      await neighbour.ok('ip', '-br', 'link', 'show', 'eth0'),
    ];
    const host = { mac: near.trim(), ip: LAN.host };
    const caller = { mac: /([0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(far)?.[0] ?? '', ip: LAN.neighbour };
    const frame = Buffer.from(sctpInit(caller, host, 5000, 9000)).toString('hex');
    await neighbour.ok(join(directory, 'wire'), 'send', 'eth0', frame);
    await until('the packet is there', async () =>
      (await engine.ok('logs', 'talk')).includes('5000 to 3868'),
    );
    const again = await engine.tiffin(['run', '-p', '9000:1/sctp', 'starter', 'true']);
    expect(again.stderr).toContain('Bind for 0.0.0.0:9000 failed: port is already allocated');
    await engine.ok('rm', '-f', 'talk');
    expect(await must(['nft', 'list', 'ruleset'])).not.toContain('9000');
  });

  test('a macvlan network puts containers on the wire of its parent, with names among them', async () => {
    const wire = [
      '--subnet',
      '10.9.0.0/24',
      '--gateway',
      LAN.neighbour,
      '--ip-range',
      '10.9.0.64/26',
      '-o',
      'parent=lan0',
    ];
    await engine.ok('network', 'create', '-d', 'macvlan', ...wire, 'wire');
    await start('--name', 'web', '--network', 'wire', '--ip', '10.9.0.77', '-p', '8070:80');
    expect(await neighbour.page('10.9.0.77', 80)).toEndWith('page\n');
    const asked = ['run', '--rm', '--network', 'wire', 'starter', 'sh', '-c'];
    const script = 'wget -qO- http://web/; ip route; cat /proc/sys/net/ipv6/conf/all/disable_ipv6';
    expect(await engine.ok(...asked, script)).toMatch(
      /^page\ndefault via 10\.9\.0\.2 dev eth0 \n10\.9\.0\.0\/24 .* src 10\.9\.0\.64 \n1$/,
    );
    // As macvlan is: the host does not reach them, and nothing is published.
    const call = ['timeout', '1', 'bash', '-c', 'exec 3<>/dev/tcp/10.9.0.77/80'];
    expect((await run(call)).status).not.toBe(0);
    expect(await engine.ok('port', 'web')).toBe('');
    await engine.ok('network', 'create', 'side');
    await engine.ok('network', 'connect', 'side', 'web');
    await engine.ok('network', 'disconnect', 'wire', 'web');
    expect(await engine.ok('exec', 'web', 'ls', '/sys/class/net')).toBe('eth1\nlo');
    await engine.ok('network', 'connect', '--ip', '10.9.0.78', 'wire', 'web');
    expect(await neighbour.page('10.9.0.78', 80)).toEndWith('page\n');
    await engine.ok('restart', '-t', '0', 'web');
    expect(await engine.ok('exec', 'web', 'ip', '-4', 'address')).toContain('10.9.0.78/24');
    await engine.ok('rm', '-f', 'web');
    await engine.ok('network', 'rm', 'wire', 'side');
    expect(await must(['ip', '-br', 'link', 'show', 'type', 'macvlan'])).toBe('');
  });

  test('network create refuses a macvlan network that no container could join, in a sentence', async () => {
    await must('ip link add busy0 type veth peer name busy1'.split(' '));
    await must('ip link add name switch type bridge'.split(' '));
    await must('ip link set busy0 master switch'.split(' '));
    for (const [options, sentence] of [
      [[], 'a macvlan network needs the option parent'],
      [['parent=nowhere'], 'no such interface: parent nowhere'],
      [['parent=lan0', 'macvlan_mode=ring'], 'unknown macvlan mode "ring"'],
      [['parent=lan0', 'bridge=x'], 'unknown option of a macvlan network: "bridge"'],
      [['parent=busy0'], 'interface busy0 takes no devices of kind macvlan'],
      [['parent=lo'], 'interface lo takes no devices of kind macvlan'],
    ] as const) {
      const words = options.flatMap((option) => ['-o', option]);
      const refused = await engine.tiffin(['network', 'create', '-d', 'macvlan', ...words, 'no']);
      expect(refused.stderr).toContain(sentence);
      expect(refused.status).not.toBe(0);
    }
    expect(await engine.ok('network', 'ls', '-q', '--filter', 'name=no')).toMatch(/^[0-9a-f]{12}$/);
    const other = await engine.tiffin(['network', 'create', '-d', 'ipvlan', 'no']);
    expect(other.stderr).toContain('networks of driver ipvlan are not supported');
    for (const link of ['busy0', 'switch']) await must(['ip', 'link', 'delete', link]);
  });
});
