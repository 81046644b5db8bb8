import { describe, expect, test } from 'bun:test';
import { parseRuntimeSpec } from './index.ts';
import { FULL_CONFIG } from './testdata.ts';

interface Place {
  /** As messages write it: `process.args[0]`. */
  path: string;
  value: unknown;
  /** A copy of the whole configuration with another value in this place; undefined: without it. */
  replaced: (value: unknown) => unknown;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every place of a value, itself first. */
function places(value: unknown, path: string, replaced: Place['replaced']): Place[] {
  const own: Place = { path, value, replaced };
  if (Array.isArray(value)) {
    return [
      own,
      ...value.flatMap((item, index) =>
        places(item, `${path}[${index}]`, (other) =>
          replaced(value.map((each, at) => (at === index ? other : each))),
        ),
      ),
    ];
  }
  if (!isObject(value)) return [own];
  return [
    own,
    ...Object.entries(value).flatMap(([key, item]) =>
      places(item, path === '' ? key : `${path}.${key}`, (other) => {
        const { [key]: _, ...rest } = value;
        return replaced(other === undefined ? rest : { ...rest, [key]: other });
      }),
    ),
  ];
}

function kind(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

/** One value of each type of JSON, and a fraction. */
const VALUES: readonly unknown[] = ['word', 1.5, true, ['word'], { word: 1 }];

function refusal(value: unknown): string {
  try {
    parseRuntimeSpec(value);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'accepted';
}

const all = places(FULL_CONFIG, '', (value) => value);

test('parseRuntimeSpec accepts a configuration with every field', () => {
  expect(refusal(FULL_CONFIG)).toBe('accepted');
});

test('parseRuntimeSpec refuses every field of every wrong type, by the path of the field', () => {
  const wrong: string[] = [];
  let tried = 0;
  for (const { path, value, replaced } of all) {
    const others = VALUES.filter((other) => kind(other) !== kind(value) || other === 1.5);
    for (const other of others) {
      tried++;
      const message = refusal(replaced(other));
      const at = path === '' ? 'document' : path;
      if (!message.startsWith(`${at}: expected `)) wrong.push(`${at} = ${other}: ${message}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(tried).toBeGreaterThan(900);
});

test('parseRuntimeSpec refuses a NUL in every text', () => {
  const wrong = all
    .filter(({ value }) => typeof value === 'string')
    .map(({ path, replaced }) => ({ path, message: refusal(replaced('a\0b')) }))
    .filter(({ path, message }) => !message.startsWith(`${path}: expected `));
  expect(wrong).toEqual([]);
});

test('parseRuntimeSpec takes null for every field that may be absent, and refuses it for the others', () => {
  const wrong = all
    .filter(({ path }) => path !== '')
    .map(({ path, replaced }) => ({
      path,
      absent: refusal(replaced(undefined)),
      none: refusal(replaced(null)),
    }))
    // A field is required if its absence is told by its own path; else null is as good as absence.
    .filter(({ path, absent, none }) =>
      absent.startsWith(`${path}: `) || none.startsWith(`${path}: expected`)
        ? none === 'accepted'
        : none !== absent,
    );
  expect(wrong).toEqual([]);
});

const REQUIRED =
  'ociVersion process.consoleSize.height process.consoleSize.width process.cwd process.args process.rlimits[0].type process.rlimits[0].soft process.rlimits[0].hard process.scheduler.policy process.ioPriority.class root.path mounts[0].destination mounts[1].source mounts[1].uidMappings mounts[1].gidMappings mounts[1].uidMappings[0].containerID mounts[1].uidMappings[0].hostID mounts[1].uidMappings[0].size hooks.poststop[0].path linux.namespaces[0].type linux.uidMappings linux.gidMappings linux.devices[0].type linux.devices[0].path linux.memoryPolicy.mode linux.memoryPolicy.nodes linux.personality.domain linux.seccomp.defaultAction linux.seccomp.syscalls[0].names linux.seccomp.syscalls[0].action linux.seccomp.syscalls[0].args[0].index linux.seccomp.syscalls[0].args[0].value linux.seccomp.syscalls[0].args[0].op linux.resources.devices[0].allow linux.resources.hugepageLimits[0].pageSize linux.resources.hugepageLimits[0].limit linux.resources.network.priorities[0].name linux.resources.network.priorities[0].priority linux.resources.blockIO.weightDevice[0].major linux.resources.blockIO.throttleReadBpsDevice[0].minor';

test('parseRuntimeSpec names a required field that is absent', () => {
  const byPath = new Map(all.map((place) => [place.path, place]));
  const wrong = REQUIRED.split(' ')
    .map((path) => ({ path, message: refusal(byPath.get(path)?.replaced(undefined)) }))
    .filter(({ path, message }) => !message.startsWith(`${path}: `));
  expect(wrong).toEqual([]);
});

describe('values that make no sense', () => {
  /** The place, what is put there, and the place that the message names, where that is another. */
  const senseless: [path: string, value: unknown, named?: string][] = [
    ['ociVersion', '2.0.0'],
    ['ociVersion', 'new'],
    ['process.args', []],
    ['process.args', [''], 'process.args[0]'],
    ['process.cwd', 'srv'],
    ['process.env', ['PATH'], 'process.env[0]'],
    ['process.env', ['=x'], 'process.env[0]'],
    ['process.user.uid', -1],
    ['process.user.uid', 2 ** 32 - 1],
    ['process.user.additionalGids', [2 ** 32 - 1], 'process.user.additionalGids[0]'],
    ['process.user.umask', 0o1000],
    [
      'process.rlimits',
      [FULL_CONFIG.process.rlimits[0], FULL_CONFIG.process.rlimits[0]],
      'process.rlimits[1].type',
    ],
    ['process.rlimits[0].soft', 21],
    ['process.rlimits[0].type', 'NOFILE'],
    ['process.oomScoreAdj', -1001],
    ['process.apparmorProfile', 'a\nb'],
    ['process.scheduler.policy', 'SCHED_ISO'],
    ['process.scheduler.policy', 'SCHED_FIFO', 'process.scheduler.priority'],
    ['process.scheduler.priority', 5],
    ['process.scheduler.nice', 20],
    ['process.scheduler', { policy: 'SCHED_OTHER', runtime: 5 }, 'process.scheduler.runtime'],
    ['process.scheduler.flags', ['SCHED_FLAG_X'], 'process.scheduler.flags[0]'],
    ['process.ioPriority.priority', 8],
    ['process.ioPriority.class', 'IOPRIO_CLASS_NONE'],
    ['process.execCPUAffinity.initial', '3-1'],
    ['process.execCPUAffinity.final', 'all'],
    ['root.path', ''],
    ['mounts[0].destination', ''],
    ['mounts[0].destination', `/${'x'.repeat(5000)}`],
    ['mounts[0].type', ''],
    ['mounts[0].options', ['idmap'], 'mounts[0]'],
    ['mounts[1].uidMappings', []],
    ['mounts[1].uidMappings[0].size', 0],
    [
      'mounts[1].gidMappings',
      [{ containerID: 0, hostID: 4294967290, size: 10 }],
      'mounts[1].gidMappings[0]',
    ],
    ['hostname', 'x'.repeat(65)],
    ['domainname', 'x'.repeat(65)],
    ['hooks.prestart[0].path', 'hook'],
    ['hooks.poststart[0].timeout', 0],
    ['hooks.createContainer[0].env', ['A'], 'hooks.createContainer[0].env[0]'],
    [
      'linux.namespaces',
      [...FULL_CONFIG.linux.namespaces, { type: 'pid' }],
      'linux.namespaces[8].type',
    ],
    ['linux.namespaces[7].path', 'blue'],
    ['linux.namespaces[4].type', 'pid', 'linux.namespaces[4].type'],
    [
      'linux.namespaces',
      [{ type: 'uts' }, { type: 'user' }, { type: 'network' }],
      'linux.timeOffsets',
    ],
    ['linux.namespaces', [{ type: 'network' }], 'linux.uidMappings'],
    ['linux.timeOffsets.boottime.nanosecs', 1_000_000_000],
    ['linux.devices[0].major', 4096],
    ['linux.devices[0].minor', -1],
    ['linux.devices[0].path', 'dev/x'],
    ['linux.netDevices', { 'a/b': {} }, 'linux.netDevices.a/b'],
    ['linux.netDevices', { a: { name: '%s' } }, 'linux.netDevices.a'],
    ['linux.netDevices', { a: { name: 'c' }, b: { name: 'c' } }, 'linux.netDevices.b.name'],
    ['linux.cgroupsPath', '/a/../b'],
    ['linux.resources.hugepageLimits[0].pageSize', '2'],
    ['linux.intelRdt.closID', '../x'],
    ['linux.intelRdt.memBwSchema', 'L3:0=1'],
    ['linux.intelRdt.schemata', ['a\nb'], 'linux.intelRdt.schemata[0]'],
    ['linux.memoryPolicy.mode', 'MPOL_LOCAL', 'linux.memoryPolicy.nodes'],
    ['linux.memoryPolicy.nodes', 'zero'],
    ['linux.memoryPolicy.nodes', '5000'],
    ['linux.memoryPolicy.flags', ['MPOL_F_STATIC_NODES', 'MPOL_F_RELATIVE_NODES']],
    ['linux.sysctl', { 'kernel.core_pattern': 'x' }, 'linux.sysctl.kernel.core_pattern'],
    ['linux.sysctl', { 'kernel.hostname': 'x' }, 'linux.sysctl.kernel.hostname'],
    ['linux.rootfsPropagation', 'rsome'],
    ['linux.maskedPaths', ['proc'], 'linux.maskedPaths[0]'],
    ['linux.readonlyPaths', ['proc'], 'linux.readonlyPaths[0]'],
    ['linux.personality.domain', 'BSD'],
    ['linux.personality.flags', ['ADDR_NO_RANDOMIZE'], 'linux.personality.flags[0]'],
  ];
  const byPath = new Map(all.map((place) => [place.path, place]));
  for (const [path, value, named = path] of senseless) {
    test(`parseRuntimeSpec refuses ${JSON.stringify(value).slice(0, 60)} for ${path}`, () => {
      const message = refusal(byPath.get(path)?.replaced(value));
      expect(message.split('; ').some((part) => part.startsWith(`${named}: `))).toBe(true);
    });
  }
});
