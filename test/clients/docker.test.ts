/**
 * The stock docker client runs one script on Tiffin and on Debian's dockerd; what it prints must be the same but for
 * ids, times and sizes. Both are asked in the API version that the older of them speaks.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Machine, starter } from '../conformance/callers/machine.ts';

/** The API of Debian's dockerd 20.10. */
const API_VERSION = '1.41';

interface Line {
  command: string;
  /** Why only the status is compared. */
  differs?: string;
}

const groups = parseScript(readFileSync(join(import.meta.dir, 'docker-script.txt'), 'utf8'));
const sides: Record<'tiffin' | 'docker', Map<string, string[]>> = {
  tiffin: new Map(),
  docker: new Map(),
};
const machines: Machine[] = [];

beforeAll(async () => {
  await Promise.all([runSide('docker', startDocker), runSide('tiffin', startTiffin)]);
}, 600_000);

afterAll(() => {
  for (const machine of machines) machine[Symbol.dispose]();
});

test('the script of docker commands has at least 150 of them', () => {
  expect([...groups.values()].flat().length).toBeGreaterThan(150);
});

describe.each([...groups.keys()])('docker commands: %s', (name) => {
  test.each((groups.get(name) ?? []).map((line, index) => [line.command, index] as const))(
    '%s',
    (_command, index) => {
      expect(sides.tiffin.get(name)?.[index]).toBe(sides.docker.get(name)?.[index]);
    },
  );
});

async function startTiffin(machine: Machine, socket: string): Promise<void> {
  await machine.daemon(
    [
      'env',
      resolve(import.meta.dir, '../../dist/tiffin'),
      'serve',
      ...['--host', `unix://${socket}`],
      ...['--data-root', `${machine.work}/data`, '--exec-root', `${machine.work}/exec`],
    ],
    ['docker', '-H', `unix://${socket}`, 'info'],
  );
}

async function startDocker(machine: Machine, socket: string): Promise<void> {
  await machine.daemon(
    [
      'dockerd',
      ...['--host', `unix://${socket}`, '--pidfile', `${machine.work}/docker.pid`],
      ...['--data-root', `${machine.work}/data`, '--exec-root', `${machine.work}/exec`],
      ...['--cgroup-parent', `/${machine.name}`],
    ],
    ['docker', '-H', `unix://${socket}`, 'info'],
  );
}

/** Runs the whole script on one side; keeps what each line printed, normalised. */
async function runSide(
  name: 'tiffin' | 'docker',
  start: (machine: Machine, socket: string) => Promise<void>,
): Promise<void> {
  const machine = await Machine.start();
  machines.push(machine);
  const socket = `${machine.work}/docker.sock`;
  await start(machine, socket);
  const loaded = machine.run(['docker', '-H', `unix://${socket}`, 'load', '-i', starter]);
  expect(loaded.status).toBe(0);
  const directory = join(machine.work, 'here');
  mkdirSync(directory);
  const env = {
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_API_VERSION: API_VERSION,
    DOCKER_BUILDKIT: '0',
    DOCKER_CONFIG: join(machine.work, 'config'),
  };
  for (const [group, lines] of groups) {
    const printed: string[] = [];
    sides[name].set(group, printed);
    for (const line of lines) {
      const answer = await machine.shell(line.command, directory, env);
      printed.push(normalise(line, answer.status, answer.out, answer.err, machine.work));
    }
  }
}

function normalise(line: Line, status: number, out: string, err: string, work: string): string {
  if (line.differs !== undefined) return `status ${status === 0 ? 'good' : 'bad'}`;
  const said = reworded.reduce((now, [pattern, by]) => now.replaceAll(pattern, by), err);
  const text = [`status ${status}`, '-- output', out, '-- errors', said.toLowerCase()].join('\n');
  return replacements
    .reduce((now, [pattern, by]) => now.replaceAll(pattern, by), text.replaceAll(work, '<work>'))
    .replaceAll(/[ \t]+/g, ' ');
}

/** Messages: their wording is compared, but not what Docker wrapped around it in one version, nor Tiffin's hints. */
const reworded: readonly (readonly [RegExp, string])[] = [
  [/^hint: .*\n/gm, ''],
  [/failed to create shim task: OCI runtime create failed: /g, ''],
  [/runc create failed: unable to start container process: /g, ''],
  [/: unknown\.?$/gm, ''],
  // A client of 20.10 ends the engine's sentence.
  [/^(docker: Error response from daemon: .*)\.$/gm, '$1'],
  // A client of 20.10 says this or not, as its two requests happen to end.
  [/^time="[^"]*" level=error msg="error waiting for container: context canceled"\n/gm, ''],
];

/** What two engines cannot agree on. */
const replacements: readonly (readonly [RegExp, string])[] = [
  // Where dockerd takes the machine itself for a container.
  [/ \(containerized\)$/gm, ''],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d)/g, '<time>'],
  [/\b[0-9a-f]{64}\b/g, '<id>'],
  [/\b[0-9a-f]{12}\b/g, '<short id>'],
  [/(Up )?(Less than a second|About an? \w+|\d+ (second|minute|hour)s?)( ago)?/g, '<while>'],
  [/\b\d+(\.\d+)? ?[kKMG]?i?B\b/g, '<size>'],
];

function parseScript(text: string): Map<string, Line[]> {
  const found = new Map<string, Line[]>();
  let lines: Line[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# ')) continue;
    if (line.startsWith('== ')) {
      lines = [];
      found.set(line.slice(3), lines);
      continue;
    }
    const [command = '', differs] = line.split(' #~ ');
    lines.push(differs === undefined ? { command } : { command, differs });
  }
  return found;
}
