/** The parts of containers that need no process. */

import { expect, test } from 'bun:test';
import { openDatabase } from '../../host/database.ts';
import type { ImageDefaults } from '../../spec/image-config.ts';
import { containerConfig, hostConfig } from '../testing/create-request.ts';
import { parseBindText } from './bind-text.ts';
import { Container } from './container.ts';
import { describeDuration } from './describe-time.ts';
import { mergeImage } from './merge-image.ts';
import { columnsFor, parseProcess } from './process-table.ts';
import { type Definition, initialState, mayFollow } from './record.ts';
import { resolveMounts } from './resolve-mounts.ts';
import { nextDelay, wantsRestart } from './restart-policy.ts';
import { ContainerSet } from './set.ts';
import { stateView } from './state-view.ts';
import { machineCpuNs, parseNetDev } from './stats.ts';
import { ContainerTable } from './table.ts';
import { parseTmpfsOptions } from './tmpfs-options.ts';

function definition(id: string, name: string): Definition {
  return {
    id,
    name,
    created: '2024-01-01T00:00:00Z',
    imageId: 'sha256:0',
    manifest: undefined,
    config: containerConfig({ Labels: { a: 'b' } }),
    hostConfig: hostConfig(),
    networks: {},
    mounts: [],
  };
}

const image: ImageDefaults = {
  env: ['PATH=/bin', 'LANG=C'],
  cmd: ['serve'],
  entrypoint: ['/entry'],
  user: 'app',
  workingDir: '/srv',
  exposedPorts: ['80/tcp'],
  volumes: ['/data'],
  labels: { from: 'image', both: 'image' },
  stopSignal: 'SIGINT',
  stopTimeout: undefined,
  healthcheck: undefined,
  shell: undefined,
  onBuild: undefined,
};

test('mergeImage fills what the person left open and keeps what was said', () => {
  const own = containerConfig({
    Cmd: null,
    Env: ['LANG=de', 'X=1', 'PATH'],
    Labels: { both: 'own' },
  });
  const merged = mergeImage(own, image);
  expect(merged).toMatchObject({
    Cmd: ['serve'],
    Entrypoint: ['/entry'],
    User: 'app',
    WorkingDir: '/srv',
    Env: ['LANG=de', 'X=1'],
    StopSignal: 'SIGINT',
  });
  expect({ ...merged.Labels }).toEqual({ from: 'image', both: 'own' });
  expect(Object.keys(merged.Volumes)).toEqual(['/data']);
});

test('mergeImage drops the command of the image with its entrypoint', () => {
  const own = (Entrypoint: string[]) =>
    mergeImage(containerConfig({ Cmd: null, Entrypoint }), image);
  expect(own(['/mine'])).toMatchObject({ Entrypoint: ['/mine'], Cmd: null });
  expect(own([''])).toMatchObject({ Entrypoint: null, Cmd: null });
});

test('parseBindText reads sources, targets and options', () => {
  expect(parseBindText('/a/../b/:/c//d/:ro,rslave')).toMatchObject({
    source: '/b',
    target: '/c/d',
    readOnly: true,
    propagation: 'rslave',
  });
  expect(parseBindText('data:/data:nocopy')).toMatchObject({ source: 'data', noCopy: true });
  for (const bad of ['', ':', 'a:', ':/b', 'a:/b:what', '/a:/b:ro:x', 'a:b', 'a:/']) {
    expect(() => parseBindText(bad)).toThrow('invalid volume specification');
  }
});

test('resolveMounts lets nothing be mounted twice and makes anonymous volumes only where nothing is', () => {
  const made: string[] = [];
  const sources = {
    ensureVolume: ({ Name: name }: { Name: string }) => {
      made.push(name);
      return { name: name || 'anon', created: '', anonymous: name === '', labels: {}, options: {} };
    },
    volumePath: (name: string) => `/volumes/${name}`,
    mountsOf: () => [],
    makeDirectory: () => undefined,
    imageId: () => '',
    ownerOf: () => ({ uid: 0, gid: 0 }),
  };
  const config = containerConfig({ Volumes: { '/a': {}, '/b': {} } });
  const mounts = resolveMounts(config, hostConfig({ Binds: ['named:/a', '/tmp:/c:ro'] }), sources);
  expect(mounts.map(({ type, source, destination }) => `${type} ${source} ${destination}`)).toEqual(
    ['volume /volumes/named /a', 'bind /tmp /c', 'volume /volumes/anon /b'],
  );
  expect(made).toEqual(['named', '']);
  const twice = hostConfig({ Binds: ['/tmp:/x'], Tmpfs: { '/x/': '' } });
  expect(() => resolveMounts(config, twice, sources)).toThrow('Duplicate mount point: /x');
});

test('parseTmpfsOptions refuses words that would make another mount of it', () => {
  expect(parseTmpfsOptions(['rw', 'size=10m', 'mode=1777'])).toEqual([
    'rw',
    'size=10m',
    'mode=1777',
  ]);
  for (const word of ['bind', 'remount', 'rbind', 'size', 'context=x,y', 'source=/etc', '']) {
    expect(() => parseTmpfsOptions([word])).toThrow('invalid tmpfs option');
  }
});

test('ContainerSet finds by id, name and unique prefix in the order that docker does', () => {
  const table = new ContainerTable(openDatabase(':memory:'));
  const set = new ContainerSet();
  const add = (id: string, name: string) =>
    set.add(new Container(definition(id, name), initialState(), table));
  add(`ab${'0'.repeat(62)}`, 'first');
  add(`ac${'0'.repeat(62)}`, 'ab');
  expect(set.get('ab').name).toBe('ab');
  expect(set.get('/first').name).toBe('first');
  expect(set.get('ac0').name).toBe('ab');
  expect(() => set.get('a')).toThrow('multiple IDs found with provided prefix: a');
  expect(() => set.get('zz')).toThrow('No such container: zz');
  expect(() => set.reserve('first', 'x')).toThrow('The container name "/first" is already in use');
});

test('Container keeps definition and state in the database and refuses impossible steps', () => {
  const database = openDatabase(':memory:');
  const table = new ContainerTable(database);
  const own = definition('d'.repeat(64), 'kept');
  const container = new Container(own, initialState(), table);
  table.insert(own, container.state);
  container.update({ phase: 'starting' });
  container.update({ phase: 'running', pid: 5 });
  expect(() => container.update({ phase: 'created' })).toThrow('running to created');
  const [stored] = table.all();
  expect(stored?.state).toMatchObject({ phase: 'running', pid: 5 });
  expect(stored?.definition.config.Labels).toEqual({ a: 'b' });
  expect(mayFollow('exited', 'running')).toBe(false);
});

test('Container.isRunning holds between two runs of a restart policy, also while the next one starts', () => {
  const container = new Container(
    definition('f'.repeat(64), 'again'),
    { ...initialState(), phase: 'restarting', finishedAt: '2026-01-01T00:00:00Z' },
    new ContainerTable(openDatabase(':memory:')),
  );
  container.update({ restartCount: 1 });
  container.update({ phase: 'starting' });
  expect(container.isRunning).toBe(true);
  expect(stateView(container)).toMatchObject({
    Status: 'restarting',
    Running: true,
    Restarting: true,
  });
  container.update({ phase: 'exited' });
  // By hand.
  container.update({ restartCount: 0 });
  container.update({ phase: 'starting' });
  expect(stateView(container)).toMatchObject({ Status: 'exited', Running: false });
});

test('Container.nextExit lets go of who stopped waiting', async () => {
  const table = new ContainerTable(openDatabase(':memory:'));
  const container = new Container(definition('e'.repeat(64), 'w'), initialState(), table);
  const kept = container.nextExit();
  container.nextExit()[Symbol.dispose]();
  container.announceExit();
  expect(await kept.status).toEqual({ StatusCode: 0 });
});

test('wantsRestart follows the policies and nextDelay doubles up to a minute', () => {
  const state = { exitCode: 1, restartCount: 0, stoppedByHand: false };
  const policy = (Name: 'always' | 'unless-stopped' | 'on-failure' | 'no', most = 0) =>
    ({ Name, MaximumRetryCount: most }) as const;
  expect(wantsRestart(policy('no'), state)).toBe(false);
  expect(wantsRestart(policy('always'), { ...state, exitCode: 0 })).toBe(true);
  expect(wantsRestart(policy('unless-stopped'), { ...state, stoppedByHand: true })).toBe(false);
  expect(wantsRestart(policy('on-failure'), { ...state, exitCode: 0 })).toBe(false);
  expect(wantsRestart(policy('on-failure', 2), { ...state, restartCount: 2 })).toBe(false);
  expect([0, 100, 51_200, 60_000].map((last) => nextDelay(last, 5))).toEqual([
    100, 200, 60_000, 60_000,
  ]);
  expect(nextDelay(60_000, 10_000)).toBe(100);
});

test('describeDuration speaks as docker does', () => {
  const said = [500, 1000, 59_000, 60_000, 3_500_000, 7_200_000, 172_800_000].map(describeDuration);
  expect(said).toEqual([
    'Less than a second',
    '1 second',
    '59 seconds',
    'About a minute',
    '58 minutes',
    '2 hours',
    '2 days',
  ]);
});

test('parseProcess reads names with spaces and parentheses, columnsFor the options of ps', () => {
  const stat = `7 (a) b (c) S 1 7 7 34817 7 0 0 0 0 0 250 50 0 0 20 5 3 0 1000 4096000 25 0`;
  const process = parseProcess(
    7,
    { stat, status: 'Uid:\t33\t33\t33\t33\n', command: 'x\0y z\0' },
    110,
  );
  expect(process).toMatchObject({
    name: 'a) b (c',
    ppid: 1,
    uid: 33,
    terminal: 'pts/1',
    cpuSeconds: 3,
    ageSeconds: 100,
    nice: 5,
    threads: 3,
    command: 'x y z',
  });
  expect(columnsFor('-o pid,comm')).toEqual(['pid', 'comm']);
  expect(columnsFor('aux')[0]).toBe('user');
  expect(() => columnsFor('-o __proto__')).toThrow('unknown user-defined format specifier');
});

test('parseNetDev and machineCpuNs read what the kernel writes', () => {
  const dev = `Inter-|   Receive\n face |bytes\n    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n`;
  expect({ ...parseNetDev(dev) }).toEqual({
    eth0: {
      rx_bytes: 1,
      rx_packets: 2,
      rx_errors: 3,
      rx_dropped: 4,
      tx_bytes: 5,
      tx_packets: 6,
      tx_errors: 7,
      tx_dropped: 8,
    },
  });
  expect(machineCpuNs('cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1')).toBe(360_000_000);
});
