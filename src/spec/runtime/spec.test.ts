import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseProcess, parseRuntimeSpec } from './index.ts';

const minimal = { ociVersion: '1.2.0', process: { cwd: '/', args: ['sh'] }, root: { path: 'r' } };

function message(value: unknown): string {
  try {
    parseRuntimeSpec(value);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '';
}

test('parseRuntimeSpec keeps fields that it does not know, at every level', () => {
  const value = { ...minimal, 'org.x': { a: [1] }, process: { ...minimal.process, later: true } };
  expect(JSON.parse(JSON.stringify(parseRuntimeSpec(value)))).toEqual(value);
});

test('parseRuntimeSpec takes null for an absent optional field', () => {
  const spec = parseRuntimeSpec({ ...minimal, mounts: null, linux: { devices: null } });
  expect(spec.mounts).toBeUndefined();
  expect(spec.linux?.devices).toBeUndefined();
});

test('parseRuntimeSpec does not let a key reach a prototype', () => {
  const spec = parseRuntimeSpec(
    JSON.parse('{"ociVersion":"1.0.0","annotations":{"__proto__":"x"},"__proto__":{"root":1}}'),
  );
  expect(Object.keys(spec.annotations ?? {})).toEqual(['__proto__']);
  expect(spec.root).toBeUndefined();
});

const wrongTypes: [string, unknown, string][] = [
  ['a document that is no object', [], 'document: expected an object, got an array'],
  ['a missing version', {}, 'ociVersion: expected a value, got nothing'],
  [
    'a limit in words',
    { ...minimal, linux: { resources: { memory: { limit: 'x' } } } },
    'linux.resources.memory.limit: expected an integer, got "x"',
  ],
  [
    'a fraction',
    { ...minimal, linux: { resources: { pids: { limit: 1.5 } } } },
    'linux.resources.pids.limit: expected an integer, got 1.5',
  ],
  [
    'a number for a text in a list',
    { ...minimal, process: { cwd: '/', args: ['a', 1] } },
    'process.args[1]: expected a string, got 1',
  ],
  [
    'a NUL in a text',
    { ...minimal, process: { cwd: '/', args: ['a\0b'] } },
    'process.args[0]: expected a string without NUL, got "a\\u0000b"',
  ],
  [
    'a user id beyond 32 bits',
    { ...minimal, process: { cwd: '/', args: ['a'], user: { uid: 4294967296 } } },
    'process.user.uid: expected an integer from 0 to 4294967295, got 4294967296',
  ],
  [
    'an unknown namespace',
    { ...minimal, linux: { namespaces: [{ type: 'net' }] } },
    'linux.namespaces[0].type: expected one of mount, pid',
  ],
];

for (const [name, value, expected] of wrongTypes) {
  test(`parseRuntimeSpec refuses ${name} with the path of the field`, () => {
    expect(message(value)).toStartWith(expected);
  });
}

const process = { cwd: '/', args: ['sh'] };
const senseless: [string, object, string][] = [
  [
    'a relative working directory',
    { process: { ...process, cwd: 'x' } },
    'process.cwd: "x" is not',
  ],
  ['no arguments', { process: { cwd: '/', args: [] } }, 'process.args: must not be empty'],
  ['an environment entry without =', { process: { ...process, env: ['A'] } }, 'process.env[0]'],
  ['uid 2^32-1', { process: { ...process, user: { uid: 4294967295 } } }, 'process.user.uid'],
  [
    'an unknown rlimit',
    { process: { ...process, rlimits: [{ type: 'RLIMIT_X', soft: 1, hard: 1 }] } },
    'process.rlimits[0].type: unknown limit "RLIMIT_X"',
  ],
  [
    'an oom score beyond 1000',
    { process: { ...process, oomScoreAdj: 1001 } },
    'process.oomScoreAdj',
  ],
  ['a mount on nothing', { mounts: [{ destination: '', type: 'proc' }] }, 'mounts[0].destination'],
  [
    'a bind without source',
    { mounts: [{ destination: '/x', options: ['bind'] }] },
    'mounts[0].source',
  ],
  [
    'a namespace twice',
    { linux: { namespaces: [{ type: 'pid' }, { type: 'pid' }] } },
    'linux.namespaces[1].type: pid is given twice',
  ],
  [
    'a relative namespace path',
    { linux: { namespaces: [{ type: 'pid', path: 'x' }] } },
    'linux.namespaces[0].path',
  ],
  [
    'a namespace path of 64 KiB',
    { linux: { namespaces: [{ type: 'pid', path: `/${'x'.repeat(65536)}` }] } },
    'linux.namespaces[0].path: longer than',
  ],
  [
    'a user namespace without mappings',
    { linux: { namespaces: [{ type: 'user' }] } },
    'linux.uidMappings: a new user namespace needs',
  ],
  [
    'mappings without user namespace',
    { linux: { uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] } },
    'linux.uidMappings: mappings need',
  ],
  [
    'overlapping mappings',
    {
      linux: {
        namespaces: [{ type: 'user' }],
        gidMappings: [{ containerID: 0, hostID: 0, size: 1 }],
        uidMappings: [
          { containerID: 0, hostID: 0, size: 10 },
          { containerID: 5, hostID: 50, size: 10 },
        ],
      },
    },
    'linux.uidMappings: ranges inside the container overlap',
  ],
  ['a host name without uts namespace', { hostname: 'x' }, 'hostname: needs a uts namespace'],
  [
    'a sysctl of the machine',
    { linux: { sysctl: { 'kernel.core_pattern': '|/x' } } },
    'linux.sysctl.kernel.core_pattern: is not in a namespace',
  ],
  [
    'a network sysctl without network namespace',
    { linux: { sysctl: { 'net.ipv4.ip_forward': '1' } } },
    'linux.sysctl.net.ipv4.ip_forward: needs a network namespace',
  ],
  [
    'a sysctl that leaves its place',
    { linux: { namespaces: [{ type: 'network' }], sysctl: { 'net/../kernel/core_pattern': '' } } },
    'linux.sysctl.net/../kernel/core_pattern: is no sysctl',
  ],
  ['.. in cgroupsPath', { linux: { cgroupsPath: '/a/../b' } }, 'linux.cgroupsPath'],
  ['a relative masked path', { linux: { maskedPaths: ['proc'] } }, 'linux.maskedPaths[0]'],
  [
    'a device without numbers',
    { linux: { devices: [{ type: 'c', path: '/dev/x' }] } },
    'linux.devices[0]',
  ],
  ['a relative hook', { hooks: { poststop: [{ path: 'x' }] } }, 'hooks.poststop[0].path'],
];

for (const [name, change, expected] of senseless) {
  test(`parseRuntimeSpec refuses ${name}`, () => {
    expect(message({ ...minimal, ...change })).toContain(expected);
  });
}

test('parseProcess names fields below process', () => {
  expect(() => parseProcess({ cwd: 1 })).toThrow('process.cwd: expected a string, got 1');
});

const samples = join(import.meta.dir, '../../../../shared/specs/oci-runtime-1.3.0/test/config');

// Skipped in a checkout without the specification's samples beside it.
describe.if(existsSync(samples))('parseRuntimeSpec and the samples of the specification', () => {
  const names = (folder: string) =>
    existsSync(samples)
      ? readdirSync(join(samples, folder)).filter((n) => !/^(freebsd|zos)/.test(n))
      : [];
  const parse = (folder: string, name: string) =>
    parseRuntimeSpec(JSON.parse(readFileSync(join(samples, folder, name), 'utf8')));
  for (const name of names('good')) {
    test(`parseRuntimeSpec accepts ${name}`, () => {
      expect(parse('good', name).ociVersion).toBeString();
    });
  }
  for (const name of names('bad')) {
    test(`parseRuntimeSpec refuses ${name}`, () => {
      expect(() => parse('bad', name)).toThrow();
    });
  }
});
