import { expect, test } from 'bun:test';
import type { ContainerStats, ContainerSummary, ImageSummary } from '../../spec/docker.ts';
import { eventLine } from '../commands/events.ts';
import { containerList, containerRow } from './container-row.ts';
import { renderSteps } from './explain.ts';
import { imageRows } from './image-row.ts';
import { renderList } from './list.ts';
import { displayPorts } from './ports.ts';
import { ProgressScreen, plainLine } from './progress.ts';
import { cpuPercent, memoryUsed } from './stats-row.ts';
import { alignColumns } from './table.ts';
import { ellipsis, shortId } from './words.ts';

const container: ContainerSummary = {
  Id: '96586c3e89b50c4fa96249c6d121302815ceafe8a12483150fb84f72e3c31606',
  Names: ['/c1', '/other/alias'],
  Image: 'bb',
  ImageID: 'sha256:883b2d8c510d77d7e14836ee9a74dd0d4db2cf0af7264bc82abd407fa9943425',
  Command: 'sleep 1000 and a long tail',
  Created: Math.floor(Date.now() / 1000) - 150,
  Ports: [{ IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }],
  Labels: { c: 'd', a: 'b' },
  State: 'running',
  Status: 'Up 2 minutes',
  HostConfig: { NetworkMode: 'none' },
  NetworkSettings: { Networks: {} },
  Mounts: [],
};

const list = (format: string, quiet = false) =>
  renderList(containerList, [containerRow(container, false)], format, quiet);

test('renderList prints the table of ps', () => {
  expect(list('')).toBe(
    'CONTAINER ID   IMAGE     COMMAND                  CREATED         STATUS         PORTS                  NAMES\n' +
      '96586c3e89b5   bb        "sleep 1000 and a lo…"   2 minutes ago   Up 2 minutes   0.0.0.0:8080->80/tcp   c1\n',
  );
});

test('renderList prints chosen columns with their headers', () => {
  expect(list('table {{.ID}}\\t{{upper .Names}}\\t{{.Label "a"}}')).toBe(
    'CONTAINER ID   NAMES     a\n96586c3e89b5   C1        b\n',
  );
});

test('renderList prints ids, templates and JSON', () => {
  expect(list('', true)).toBe('96586c3e89b5\n');
  expect(list('{{.Names}}: {{.Labels}}')).toBe('c1: a=b,c=d\n');
  const json = JSON.parse(list('json'));
  expect(json).toMatchObject({ ID: '96586c3e89b5', Names: 'c1', State: 'running', Size: '0B' });
  expect(Object.keys(json)).toEqual([...Object.keys(json)].sort());
  expect(json.CreatedAt).toMatch(/^\d{4}-\d\d-\d\d /);
});

test('renderList names the field that a row does not have', () => {
  expect(() => list('{{.Foo}}')).toThrow(
    `failed to execute template: template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type container`,
  );
  expect(() => list('{{.ID')).toThrow('failed to parse template: template: :1: unclosed action');
});

test('alignColumns keeps unrelated blocks apart and never cuts', () => {
  expect(alignColumns(['a\tb', 'a long cell\tc'])).toBe('a             b\na long cell   c\n');
  expect(alignColumns(['a\tb', 'no tabs at all here', 'x\ty'])).toBe(
    'a         b\nno tabs at all here\nx         y\n',
  );
});

test('displayPorts joins neighbours to ranges', () => {
  const port = (PrivatePort: number, PublicPort?: number) =>
    ({
      PrivatePort,
      Type: 'tcp',
      ...(PublicPort === undefined ? {} : { IP: '0.0.0.0', PublicPort }),
    }) as const;
  expect(displayPorts([port(81), port(80), port(443)])).toBe('80-81/tcp, 443/tcp');
  expect(displayPorts([port(80, 80), port(81, 81)])).toBe('0.0.0.0:80-81->80-81/tcp');
  expect(displayPorts([port(80, 8080), port(81, 8081)])).toBe(
    '0.0.0.0:8080->80/tcp, 0.0.0.0:8081->81/tcp',
  );
  expect(displayPorts([{ IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }])).toBe(
    '[::]:8080->80/tcp',
  );
});

test('imageRows makes a row per tag and one for an image without a name', () => {
  const image: ImageSummary = {
    Id: `sha256:${'a'.repeat(64)}`,
    ParentId: '',
    RepoTags: ['r/a:1', 'r/a:2'],
    RepoDigests: [`r/a@sha256:${'b'.repeat(64)}`],
    Created: 1,
    Size: 1980000,
    SharedSize: -1,
    Labels: {},
    Containers: -1,
  };
  const names = (one: ImageSummary, digests: boolean) =>
    imageRows(one, { full: false, digests }).map((row) => `${row.Repository}:${row.Tag}`);
  expect(names(image, false)).toEqual(['r/a:1', 'r/a:2']);
  expect(imageRows(image, { full: false, digests: true })[0]?.Digest).toBe(
    `sha256:${'b'.repeat(64)}`,
  );
  expect(names({ ...image, RepoTags: [], RepoDigests: [] }, false)).toEqual(['<none>:<none>']);
});

test('cpuPercent and memoryUsed compute as docker does', () => {
  const stats = {
    cpu_stats: { cpu_usage: { total_usage: 300 }, system_cpu_usage: 2000, online_cpus: 2 },
    precpu_stats: { cpu_usage: { total_usage: 100 }, system_cpu_usage: 1000 },
    memory_stats: { usage: 1000, stats: { inactive_file: 300 } },
  } as unknown as ContainerStats;
  expect(cpuPercent(stats)).toBe(40);
  expect(memoryUsed(stats)).toBe(700);
});

test('eventLine keeps the nanoseconds that a number cannot hold', () => {
  const line = eventLine(
    '{"Type":"container","Action":"start","Actor":{"ID":"abc","Attributes":{"name":"c1","image":"bb"}},"time":1763666524,"timeNano":1763666524991885203}',
  );
  expect(line).toMatch(/:04\.991885203\S* container start abc \(image=bb, name=c1\)$/);
});

test('plainLine reports changes of state and leaves counting out', () => {
  expect(plainLine({ status: 'Pulling fs layer', id: 'abc' })).toBe('abc: Pulling fs layer\n');
  expect(
    plainLine({ status: 'Downloading', id: 'abc', progressDetail: { current: 1, total: 2 } }),
  ).toBe('');
  expect(plainLine({ stream: 'Loaded image: a\n' })).toBe('Loaded image: a\n');
});

test('ProgressScreen rewrites the line of a layer it knows', () => {
  const screen = new ProgressScreen(100);
  expect(screen.show({ status: 'Waiting', id: 'a' })).toBe('a: Waiting\n');
  expect(screen.show({ status: 'Waiting', id: 'b' })).toBe('b: Waiting\n');
  const text = screen.show({
    status: 'Downloading',
    id: 'a',
    progressDetail: { current: 5e6, total: 1e7 },
  });
  expect(text.startsWith('\x1b[2A\r\x1b[2Ka: Downloading [=')).toBe(true);
  expect(text).toContain('5MB/10MB');
  expect(text.endsWith('\x1b[2B')).toBe(true);
});

test('renderSteps shows stages, reasons, times and the failed step', () => {
  const text = renderSteps([
    {
      stage: 'host',
      op: 'mkdir',
      text: 'make directory /x',
      why: 'cgroup',
      man: 'mkdir(2)',
      ns: 1500,
    },
    { stage: 'inside', op: 'mount', text: 'mount proc', why: '', man: '', failed: 'EPERM' },
  ]);
  expect(text).toContain('  1  make directory /x  [1.5 us]\n       cgroup (mkdir(2))');
  expect(text).toContain('  2  mount proc  FAILED: EPERM');
  expect(text).toEndWith('2 steps, 1.5 us in all\n');
});

test('ellipsis and shortId shorten', () => {
  expect(ellipsis('abcdef', 4)).toBe('abc…');
  expect(ellipsis('abcd', 4)).toBe('abcd');
  expect(shortId(`sha256:${'1234567890abcdef'}`)).toBe('1234567890ab');
  expect(shortId('<missing>')).toBe('<missing>');
});

test('renderSteps shortens ids to twelve digits and nothing else', () => {
  const id = container.Id;
  const text = `mount ${id.slice(0, 40)} on /c/${id}/root (lowerdir=/l/sha256/${id}:/l/b)`;
  const step = { stage: 'host', op: 'mount', text, why: `show ${id}`, man: '' };
  expect(renderSteps([step])).toContain(
    `  1  mount ${id.slice(0, 40)} on /c/96586c3e89b5/root (lowerdir=/l/sha256/96586c3e89b5:/l/b)\n       show 96586c3e89b5\n`,
  );
});
