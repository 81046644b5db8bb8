/** Networks as their users have them, on a host of their own with a neighbour on its wire. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { must, run, TestEngine } from './harness.ts';
import { LAN, Neighbour, onHostOfItsOwn, prepareHost } from './own-host.ts';

onHostOfItsOwn('networks on a host of their own', import.meta.path, () => {
  let engine: TestEngine;
  let neighbour: Neighbour;

  beforeAll(async () => {
    await prepareHost();
    neighbour = await Neighbour.attach();
    engine = await TestEngine.start();
  });

  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await neighbour[Symbol.asyncDispose]();
  });

  const SERVE = ['sh', '-c', 'mkdir /w; echo page >/w/index.html; exec httpd -f -p 80 -h /w'];
  const LISTENS = 'until grep -q ":0050 " /proc/net/tcp /proc/net/tcp6; do :; done';
  /** A web server that listens. */
  async function start(...args: string[]): Promise<string> {
    const id = await engine.ok('run', '-d', ...args, 'starter', ...SERVE);
    await engine.ok('exec', id, 'sh', '-c', LISTENS);
    return id;
  }

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
