/** What containers can be asked and told while they run, and what surrounds them. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { EngineEvent } from '../spec/docker.ts';
import { createRequest, shell } from './testing/create-request.ts';
import { attachAll, collect, TestEngine } from './testing/test-engine.ts';

let kitchen: TestEngine;
beforeAll(async () => {
  kitchen = await TestEngine.open();
});
afterAll(() => kitchen[Symbol.asyncDispose]());

const SLEEP = { Cmd: ['sleep', '1000'] };
const NEVER = new AbortController().signal;
const none = new Map<string, string[]>();

test('containers of a network of their own find each other by name and alias', async () => {
  const { networks, containers } = kitchen.engine;
  await networks.create({
    Name: 'pantry',
    Driver: '',
    Scope: 'local',
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigOnly: false,
    ConfigFrom: '',
    Options: {},
    Labels: {},
  });
  const host = { NetworkMode: 'pantry' };
  const early = await kitchen.start(SLEEP, host, 'early');
  const late = await kitchen.start(SLEEP, host, 'late');
  const address = async (id: string) =>
    (await containers.inspect(id, false)).NetworkSettings.Networks.pantry?.IPAddress ?? '';
  const resolver = (await kitchen.exec(late, 'cat', '/etc/resolv.conf')).stdout;
  expect(resolver).toStartWith('nameserver 127.0.0.11\n');
  expect(resolver).toContain('options ndots:0');
  for (const [asker, name, id] of [
    [late, 'early', early],
    [early, 'LATE', late],
    [early, `${late.slice(0, 12)}.pantry`, late],
  ] as const) {
    const { stdout } = await kitchen.exec(asker, 'nslookup', '-type=a', name);
    expect(stdout).toContain(`Address: ${await address(id)}\n`);
  }
  const { stdout: reverse } = await kitchen.exec(early, 'nslookup', await address(late));
  expect(reverse).toContain('name = late.pantry');
  expect((await kitchen.exec(early, 'ping', '-c1', '-W1', 'late')).exitCode).toBe(0);
  await containers.remove(late, { force: true, volumes: false });
  await expect(networks.remove('pantry')).rejects.toThrow('has active endpoints');
  await containers.remove(early, { force: true, volumes: false });
  await networks.remove('pantry');
  await expect(networks.inspect('pantry')).rejects.toThrow('network pantry not found');
});

test('a published port answers, shows where it is, and is free again afterwards', async () => {
  const { containers } = kitchen.engine;
  const host = {
    NetworkMode: 'bridge',
    PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
  };
  const serve = shell('mkdir /www; echo page > /www/index.html; exec httpd -f -v -p 80 -h /www');
  const id = await kitchen.start(serve, host);
  const { Ports } = (await containers.inspect(id, false)).NetworkSettings;
  const [binding] = Ports['80/tcp'] ?? [];
  expect(binding?.HostIp).toBe('127.0.0.1');
  const page = await answers(`http://127.0.0.1:${binding?.HostPort}/index.html`);
  expect(page).toBe('page\n');
  const [summary] = await containers.list({ all: false, limit: 0, size: false, filters: none });
  expect(summary?.Ports).toEqual([
    { IP: '127.0.0.1', PrivatePort: 80, PublicPort: Number(binding?.HostPort), Type: 'tcp' },
  ]);
  const second = {
    NetworkMode: 'bridge',
    PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: binding?.HostPort ?? '' }] },
  };
  const rival = await kitchen.create(SLEEP, second);
  await expect(containers.start(rival)).rejects.toThrow('port is already allocated');
  await containers.remove(id, { force: true, volumes: false });
  await containers.start(rival);
  await containers.remove(rival, { force: true, volumes: false });
});

test('a health check moves a container from starting to healthy to unhealthy, with events', async () => {
  const Healthcheck = {
    Test: ['CMD-SHELL', 'test ! -e /sick || { echo ache; exit 1; }'],
    Interval: 20_000_000,
    Timeout: 5_000_000_000,
    Retries: 2,
    StartPeriod: 0,
    StartInterval: 0,
  };
  const id = await kitchen.create({ ...SLEEP, Healthcheck });
  const healthy = event(id, 'health_status: healthy');
  const unhealthy = event(id, 'health_status: unhealthy');
  await kitchen.engine.containers.start(id);
  await healthy;
  await kitchen.exec(id, 'touch', '/sick');
  await unhealthy;
  const { Health } = (await kitchen.engine.containers.inspect(id, false)).State;
  expect(Health).toMatchObject({ Status: 'unhealthy' });
  expect(Health?.FailingStreak).toBeGreaterThanOrEqual(2);
  expect(Health?.Log.at(-1)).toMatchObject({ ExitCode: 1, Output: 'ache\n' });
  await kitchen.engine.containers.remove(id, { force: true, volumes: false });
});

test('HealthMonitor leaves no container healthy that does not run', async () => {
  const Healthcheck = {
    Test: ['CMD', 'true'],
    Interval: 1e7,
    Timeout: 0,
    Retries: 0,
    StartPeriod: 0,
    StartInterval: 0,
  };
  const id = await kitchen.create({ ...SLEEP, Healthcheck });
  const healthy = event(id, 'health_status: healthy');
  await kitchen.engine.containers.start(id);
  await healthy;
  await kitchen.engine.containers.kill(id, 'KILL');
  await kitchen.engine.containers.wait(id, 'not-running', new AbortController().signal);
  const { Health } = (await kitchen.engine.containers.inspect(id, false)).State;
  expect(Health).toMatchObject({ Status: 'unhealthy' });
  await kitchen.engine.containers.remove(id, { force: true, volumes: false });
});

test('Containers.update changes the limits of a running container', async () => {
  const { containers } = kitchen.engine;
  const id = await kitchen.start(SLEEP, { Memory: 64 * 1024 * 1024 });
  await containers.update(id, { Memory: 96 * 1024 * 1024, PidsLimit: 17 });
  const stats = await containers.stats(id);
  expect(stats.memory_stats.limit).toBe(96 * 1024 * 1024);
  expect(stats.pids_stats).toMatchObject({ current: 1, limit: 17 });
  expect((await containers.inspect(id, false)).HostConfig.Memory).toBe(96 * 1024 * 1024);
  await expect(containers.update(id, { Memory: 1024 })).rejects.toThrow('Minimum memory limit');
  await containers.remove(id, { force: true, volumes: false });
});

test('Containers.top and Containers.stats see the processes of the container and no others', async () => {
  const { containers } = kitchen.engine;
  const id = await kitchen.start(
    shell('sleep 1000 & until grep -q sleep /proc/$!/comm; do :; done; echo up; wait'),
  );
  await kitchen.printed(id, 'up');
  const { Titles, Processes } = await containers.top(id, '-o pid,comm,args');
  expect(Titles).toEqual(['PID', 'COMMAND', 'COMMAND']);
  expect(Processes.map(([, name]) => name)).toEqual(['sh', 'sleep']);
  const { cpu_stats, memory_stats } = await containers.stats(id);
  expect(cpu_stats.cpu_usage.total_usage).toBeGreaterThan(0);
  expect(memory_stats.usage).toBeGreaterThan(0);
  await containers.remove(id, { force: true, volumes: false });
  const stopped = await kitchen.create(SLEEP);
  await expect(containers.top(stopped, '')).rejects.toThrow('is not running');
  expect((await containers.stats(stopped)).memory_stats).toEqual({});
  await containers.remove(stopped, { force: true, volumes: false });
});

test('a container with a terminal has one stream, its size, and hears of a resize', async () => {
  const { containers } = kitchen.engine;
  const script =
    'stty size; trap "stty size; exit 0" WINCH; echo set; while true; do sleep 0.01; done';
  const id = await kitchen.create({ ...shell(script), Tty: true }, { ConsoleSize: [30, 100] });
  const session = await containers.attach(id, attachAll());
  await containers.start(id);
  await kitchen.printed(id, 'set');
  await containers.resize(id, 40, 120);
  const { stdout, stderr } = await collect(session);
  expect(stderr).toBe('');
  expect(stdout).toBe('30 100\r\nset\r\n40 120\r\n');
  await containers.remove(id, { force: false, volumes: false });
});

test('containers share the namespaces they are told to share', async () => {
  const { containers } = kitchen.engine;
  const base = await kitchen.start(
    { ...SLEEP, Hostname: 'shared' },
    { NetworkMode: 'bridge', IpcMode: 'shareable' },
    'base',
  );
  const share = 'container:base';
  const { stdout } = await kitchen.run(
    shell('hostname; ip -4 -o addr show eth0; cat /proc/1/comm'),
    {
      NetworkMode: share,
      PidMode: share,
      IpcMode: share,
    },
  );
  const { IPAddress } = (await containers.inspect(base, false)).NetworkSettings;
  expect(stdout).toStartWith('shared\n');
  expect(stdout).toContain(IPAddress);
  expect(stdout).toEndWith('\nsleep\n');
  await containers.stop(base, 0, undefined);
  const late = await kitchen.create(SLEEP, { NetworkMode: share });
  await expect(containers.start(late)).rejects.toThrow(
    'cannot join namespace of a non running container',
  );
  for (const id of [late, base]) await containers.remove(id, { force: true, volumes: false });
});

test('System.events tells a life in order, with the attributes that docker gives', async () => {
  const seen: EngineEvent[] = [];
  const enough = new AbortController();
  const watching = (async () => {
    const filters = new Map([['label', ['story=1']]]);
    for await (const event of kitchen.engine.system.events({ filters, signal: enough.signal })) {
      seen.push(event);
      if (event.Action === 'destroy') enough.abort();
    }
  })();
  const id = await kitchen.start({ ...shell('exit 3'), Labels: { story: '1' } }, {}, 'told');
  await kitchen.wait(id);
  await kitchen.engine.containers.remove(id, { force: false, volumes: false });
  await watching;
  expect(seen.map(({ Action }) => Action)).toEqual(['create', 'start', 'die', 'destroy']);
  expect(seen[2]?.Actor.ID).toBe(id);
  expect({ ...seen[2]?.Actor.Attributes }).toMatchObject({
    image: 'starter',
    name: 'told',
    exitCode: '3',
    story: '1',
  });
});

test('Images and System tell what is there, prune removes what nobody uses', async () => {
  const { images, system, containers } = kitchen.engine;
  const id = await kitchen.start(shell('head -c 10000 /dev/zero > /file'));
  await kitchen.wait(id);
  await images.tag('starter', 'copy', 'v2');
  expect((await images.inspect('copy:v2')).RepoTags.sort()).toEqual(['copy:v2', 'starter:latest']);
  const usage = await system.df();
  expect(usage.Containers.find(({ Id }) => Id === id)?.SizeRw).toBe(10_000);
  expect(usage.Images[0]?.Containers).toBe(1);
  expect((await system.info()).ContainersStopped).toBe(1);
  expect((await images.prune(new Map([['dangling', ['false']]]))).ImagesDeleted).toEqual([]);
  const pruned = await containers.prune(none);
  expect(pruned).toEqual({ ContainersDeleted: [id], SpaceReclaimed: 10_000 });
  expect(await images.remove('copy:v2', { force: false, noprune: false, platforms: [] })).toEqual([
    { Untagged: 'copy:v2' },
  ]);
});

test('Containers.create refuses what cannot work before anything is made', async () => {
  const { containers } = kitchen.engine;
  const refused: [Parameters<typeof createRequest>, string][] = [
    [[{ Image: 'no-such' }], 'No such image: no-such:latest'],
    [[{ WorkingDir: 'relative' }], 'it needs to be an absolute path'],
    [[{ User: '4294967296' }], 'uids and gids must be in range'],
    [[{}, { Memory: 5 }], 'Minimum memory limit allowed is 6MB'],
    [[{}, { NetworkMode: 'nowhere' }], 'network nowhere not found'],
    [[{}, { NetworkMode: 'container:nobody' }], 'No such container: nobody'],
    [[{}, { CapAdd: ['CAP_WHATEVER'] }], 'unknown capability'],
    [[{}, { Links: ['nobody:db'] }], 'could not get container for nobody'],
    [[{ Hostname: 'two words' }], 'invalid hostname format'],
    [[{}, { SecurityOpt: ['what=ever'] }], 'invalid --security-opt'],
    [[{}, { Binds: ['/a:b'] }], 'mount path must be absolute'],
    [
      [{}, { AutoRemove: true, RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } }],
      "can't create 'AutoRemove'",
    ],
  ];
  for (const [[config, host], message] of refused) {
    const request = createRequest(config, host);
    await expect(containers.create(request, undefined, undefined)).rejects.toThrow(message);
  }
  const everything = { all: true, limit: 0, size: false, filters: none };
  expect(await containers.list(everything)).toEqual([]);
  expect((await kitchen.engine.volumes.list(none)).Volumes).toEqual([]);
});

function event(id: string, action: string): Promise<void> {
  const filters = new Map([
    ['container', [id]],
    ['event', [action]],
  ]);
  const events = kitchen.engine.system.events({ filters, signal: NEVER });
  return (async () => {
    for await (const _ of events) return;
  })();
}

/** The server inside listens a moment after its program has started. */
async function answers(url: string): Promise<string> {
  for (;;) {
    try {
      return await (await fetch(url)).text();
    } catch {
      await Bun.sleep(1);
    }
  }
}
