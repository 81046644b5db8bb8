import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { NetworkCreateRequest } from '../spec/docker.ts';
import { NO_ENDPOINT_SETTINGS } from '../spec/no-endpoint-settings.ts';
import { shell } from './testing/create-request.ts';
import { TestEngine } from './testing/test-engine.ts';

const SLEEP = shell('exec sleep 600');
/** Ends when something listens at port 80. */
const LISTENS = 'until grep -q ":0050 " /proc/net/tcp /proc/net/tcp6; do :; done';
/** Nobody is there, and says so at once: nothing that is asked here leaves the machine. */
const Dns = ['127.77.77.77'];
let kitchen: TestEngine;

beforeAll(async () => {
  kitchen = await TestEngine.open();
});

afterAll(async () => {
  await kitchen[Symbol.asyncDispose]();
});

test('Networks.connect and disconnect change what a running container sees, and its names follow', async () => {
  const { networks, containers } = kitchen.engine;
  await networks.create(network('alpha'));
  await networks.create(network('beta'));
  const one = await kitchen.start(SLEEP, { NetworkMode: 'beta', Dns }, 'one');
  const two = await kitchen.start(SLEEP, { NetworkMode: 'alpha', Dns }, 'two');
  await networks.connect('alpha', 'one', { ...NO_ENDPOINT_SETTINGS, Aliases: ['guest'] });
  const joined = (await containers.inspect(one, false)).NetworkSettings.Networks;
  expect(Object.keys(joined).sort()).toEqual(['alpha', 'beta']);
  const address = joined.alpha?.IPAddress ?? '';
  expect(joined.alpha?.DNSNames).toEqual(['one', 'guest', one.slice(0, 12)]);
  expect((await kitchen.exec(one, 'ip', 'addr', 'show', 'eth1')).stdout).toContain(address);
  // The default route is that of the first network by name.
  const via = (gateway: string | undefined) => `default via ${gateway} `;
  const route = async () => (await kitchen.exec(one, 'ip', 'route')).stdout;
  expect(await route()).toContain(via(joined.alpha?.Gateway));
  expect((await kitchen.exec(two, 'ping', '-c1', '-W1', 'guest')).stdout).toContain(address);
  const pinged = await kitchen.exec(one, 'ping', '-c1', '-W1', 'two');
  expect(pinged.stdout).toContain('1 packets received');
  await expect(networks.connect('alpha', 'one', NO_ENDPOINT_SETTINGS)).rejects.toThrow(
    'endpoint with name one already exists in network alpha',
  );
  await networks.disconnect('alpha', 'one', false);
  expect(await route()).toContain(via(joined.beta?.Gateway));
  expect((await kitchen.exec(one, 'ip', 'link')).stdout).not.toContain('eth1');
  await expect(networks.disconnect('alpha', 'one', false)).rejects.toThrow(
    `container ${one} is not connected to network alpha`,
  );
  await containers.remove(one, { force: true, volumes: false });
  await containers.remove(two, { force: true, volumes: false });
  await networks.remove('alpha');
  await networks.remove('beta');
});

test('a container that joins its first network with names while it runs finds others by name', async () => {
  const { networks, containers } = kitchen.engine;
  await networks.create(network('gamma'));
  const late = await kitchen.start(SLEEP, { NetworkMode: 'bridge', Dns }, 'latecomer');
  const there = await kitchen.start(SLEEP, { NetworkMode: 'gamma', Dns }, 'there');
  expect((await kitchen.exec(late, 'cat', '/etc/resolv.conf')).stdout).not.toContain('127.0.0.11');
  await networks.connect('gamma', 'latecomer', NO_ENDPOINT_SETTINGS);
  expect((await kitchen.exec(late, 'ping', '-c1', '-W1', 'there')).exitCode).toBe(0);
  await containers.rename(there, 'elsewhere');
  expect((await kitchen.exec(late, 'ping', '-c1', '-W1', 'elsewhere')).exitCode).toBe(0);
  for (const id of [late, there]) await containers.remove(id, { force: true, volumes: false });
  await networks.remove('gamma');
});

test('a name that nobody has is NXDOMAIN at once in an internal network, and nothing goes out', async () => {
  const { networks, containers } = kitchen.engine;
  await networks.create(network('inward', { Internal: true }));
  const id = await kitchen.start(SLEEP, { NetworkMode: 'inward', Dns }, 'inside');
  for (const name of ['nobody', 'example.com', 'inside.bridge']) {
    const { stdout } = await kitchen.exec(id, 'nslookup', name);
    expect(stdout).toContain(`can't find ${name}: NXDOMAIN`);
  }
  const { stdout } = await kitchen.exec(id, 'nslookup', '-type=aaaa', 'inside');
  expect(stdout).not.toContain('Address:\tinside');
  await containers.remove(id, { force: true, volumes: false });
  await networks.remove('inward');
});

test('Networks.connect of a stopped container is kept for its start, disconnect undoes it', async () => {
  const { networks, containers } = kitchen.engine;
  await networks.create(network('delta'));
  const id = await kitchen.start(SLEEP, { NetworkMode: 'bridge', Dns }, 'stopped');
  await containers.stop(id, 0, undefined);
  await networks.connect('delta', 'stopped', NO_ENDPOINT_SETTINGS);
  const names = async () =>
    Object.keys((await containers.inspect(id, false)).NetworkSettings.Networks).sort();
  expect(await names()).toEqual(['bridge', 'delta']);
  await containers.start(id);
  expect(await names()).toEqual(['bridge', 'delta']);
  await containers.stop(id, 0, undefined);
  await networks.disconnect('bridge', 'stopped', false);
  await containers.start(id);
  expect(await names()).toEqual(['delta']);
  await containers.remove(id, { force: true, volumes: false });
  await networks.remove('delta');
});

test('published ports follow the default route when a network is left', async () => {
  const { networks, containers } = kitchen.engine;
  await networks.create(network('aside'));
  const serve = shell('mkdir /www; echo page > /www/index.html; exec httpd -f -p 80 -h /www');
  const id = await kitchen.start(serve, {
    NetworkMode: 'bridge',
    PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
  });
  const port = async () => {
    const { Ports } = (await containers.inspect(id, false)).NetworkSettings;
    return Ports['80/tcp']?.[0]?.HostPort ?? '';
  };
  const published = await port();
  const page = async () => await (await fetch(`http://127.0.0.1:${published}/`)).text();
  expect((await kitchen.exec(id, 'sh', '-c', LISTENS)).exitCode).toBe(0);
  expect(await page()).toBe('page\n');
  await networks.connect('aside', id, NO_ENDPOINT_SETTINGS);
  expect(await port()).toBe(published);
  expect(await page()).toBe('page\n');
  await networks.disconnect('bridge', id, false);
  expect(await page()).toBe('page\n');
  await networks.disconnect('aside', id, false);
  await expect(page()).rejects.toThrow();
  await networks.connect('bridge', id, NO_ENDPOINT_SETTINGS);
  expect(await port()).not.toBe('');
  await containers.remove(id, { force: true, volumes: false });
  await networks.remove('aside');
});

test('a name that is asked for while no engine runs is answered by the next one', async () => {
  await using test = await TestEngine.open();
  await test.engine.networks.create(network('bridged'));
  const script = 'until [ -e /data/go ]; do :; done; touch /data/asks; nslookup -type=a asker';
  const id = await test.start(
    shell(`${script}; exec sleep 600`),
    { NetworkMode: 'bridged', Binds: ['gate:/data'] },
    'asker',
  );
  const { Mountpoint } = await test.engine.volumes.inspect('gate');
  await test.reopen(async () => {
    await Bun.write(`${Mountpoint}/go`, '');
    while (!(await Bun.file(`${Mountpoint}/asks`).exists())) await Bun.sleep(1);
  });
  await test.printed(id, 'Name:\tasker');
  await test.engine.containers.remove(id, { force: true, volumes: true });
});

test('Networks.connect refuses what shares or lacks a network, in the words of docker', async () => {
  const { networks, containers } = kitchen.engine;
  await networks.create(network('other'));
  const alone = await kitchen.start(SLEEP, { NetworkMode: 'none' }, 'alone');
  const shared = await kitchen.start(SLEEP, { NetworkMode: 'host' }, 'shared');
  await expect(networks.connect('other', 'alone', NO_ENDPOINT_SETTINGS)).rejects.toThrow(
    'private (none) mode',
  );
  await expect(networks.connect('other', 'shared', NO_ENDPOINT_SETTINGS)).rejects.toThrow(
    'host network',
  );
  await expect(networks.connect('nowhere', 'alone', NO_ENDPOINT_SETTINGS)).rejects.toThrow(
    'network nowhere not found',
  );
  await expect(networks.connect('other', 'nobody', NO_ENDPOINT_SETTINGS)).rejects.toThrow(
    'No such container: nobody',
  );
  for (const id of [alone, shared]) await containers.remove(id, { force: true, volumes: false });
  const plain = await kitchen.start(SLEEP, { NetworkMode: 'other' }, 'plain');
  await expect(
    networks.connect('bridge', 'plain', { ...NO_ENDPOINT_SETTINGS, Aliases: ['x'] }),
  ).rejects.toThrow('only for containers in user defined networks');
  await containers.remove(plain, { force: true, volumes: false });
  await networks.remove('other');
});

function network(name: string, own: Partial<NetworkCreateRequest> = {}): NetworkCreateRequest {
  return {
    Name: name,
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
    ...own,
  };
}
