/**
 * Shares of caches and of memory bandwidth (Intel RDT and its kin): runtime-spec config-linux.md «IntelRdt»,
 * https://docs.kernel.org/filesystems/resctrl.html.
 */

import { posix } from 'node:path';
import { TiffinError } from '../base/errors.ts';
import type { Step } from '../plan/ops.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';
import { enter, host, inside, teardown } from './step.ts';

/** What the machine has of it. */
export interface Resctrl {
  /** Where the file system is mounted. */
  mountpoint: string;
  /** Content of `schemata` of the group that the configuration names; undefined: there is no such group. */
  schemata: string | undefined;
}

export interface ResctrlSteps {
  host: Step[];
  /** While the process still has the rights of its caller. */
  join: Step[];
  teardown: Step[];
}

const encoder = new TextEncoder();
const NONE: ResctrlSteps = { host: [], join: [], teardown: [] };

export function planResctrl(
  spec: RuntimeSpec,
  id: string,
  machine: Resctrl | undefined,
  stage: 'inside' | 'enter' = 'inside',
): ResctrlSteps {
  const wish = spec.linux?.intelRdt;
  if (wish === undefined) return NONE;
  if (machine === undefined) throw noResctrl();
  const lines = schemaLines(wish);
  checkGroup(wish.closID, lines, machine.schemata);
  const group = resctrlGroup(machine.mountpoint, wish.closID, id);
  const monitor = wish.enableMonitoring === true ? monitorGroup(group, id) : undefined;
  const own = wish.closID === undefined || wish.closID === '';
  const made = machine.schemata === undefined ? [group] : [];
  return {
    host: [
      ...made.map((path) => makeGroup(path, 'a class of service')),
      ...(machine.schemata === undefined || own ? writeSchemata(group, lines) : []),
      ...(monitor === undefined ? [] : [makeGroup(monitor, 'counts what this container uses')]),
    ],
    join: [
      (stage === 'inside' ? inside : enter)(
        {
          op: 'write',
          path: posix.join(monitor ?? group, 'tasks'),
          data: encoder.encode('0'),
          ignore: [],
        },
        'the process itself is in the class of service from here on',
      ),
    ],
    teardown: ownGroups(wish, machine, id).map((path) =>
      teardown({ op: 'remove-directory', path }, 'the class of service goes with the container'),
    ),
  };
}

/** Steps of `delete` for what a container that ended has left. */
export function planResctrlRemoval(
  spec: RuntimeSpec,
  id: string,
  machine: Pick<Resctrl, 'mountpoint'> | undefined,
): Step[] {
  const wish = spec.linux?.intelRdt;
  if (wish === undefined || machine === undefined) return [];
  return ownGroups(wish, { ...machine, schemata: undefined }, id).map((path) =>
    host({ op: 'remove-directory', path }, 'the class of service goes with the container'),
  );
}

/** Directories that go with the container, innermost first: a named class and one that was there before stay. */
function ownGroups({ closID = '', enableMonitoring }: Wish, machine: Resctrl, id: string) {
  const group = resctrlGroup(machine.mountpoint, closID, id);
  return [
    ...(enableMonitoring === true ? [monitorGroup(group, id)] : []),
    ...(closID === '' && machine.schemata === undefined ? [group] : []),
  ];
}

function monitorGroup(group: string, id: string): string {
  return posix.join(group, 'mon_groups', id);
}

/** `/` is the default class, the top of the file system. */
export function resctrlGroup(mountpoint: string, closId: string | undefined, id: string): string {
  return posix.join(mountpoint, closId === undefined || closId === '' ? id : closId);
}

type Wish = NonNullable<NonNullable<RuntimeSpec['linux']>['intelRdt']>;

/** Caches first, bandwidth after it, free lines last: the order is the specification's. */
function schemaLines({ l3CacheSchema, memBwSchema, schemata = [] }: Wish): string[] {
  return [l3CacheSchema, memBwSchema, ...schemata].filter(
    (line): line is string => line !== undefined && line !== '',
  );
}

/** A class that is there must be as the configuration says, and one without schemata must be there. */
function checkGroup(
  closId: string | undefined,
  lines: readonly string[],
  schemata: string | undefined,
): void {
  if (closId === undefined || closId === '') return;
  if (schemata === undefined) {
    if (lines.length > 0) return;
    throw refused(`linux.intelRdt.closID: there is no class of service "${closId}"`);
  }
  const there = new Set(schemata.split('\n').map((line) => line.trim()));
  for (const line of lines) {
    if (there.has(line.trim())) continue;
    throw refused(`linux.intelRdt: the class of service "${closId}" exists without "${line}"`);
  }
}

function makeGroup(path: string, why: string): Step {
  return host({ op: 'make-directory', path, mode: 0o755, exist: 1 }, why);
}

function writeSchemata(group: string, lines: readonly string[]): Step[] {
  if (lines.length === 0) return [];
  return [
    host(
      {
        op: 'write',
        path: posix.join(group, 'schemata'),
        data: encoder.encode(`${lines.join('\n')}\n`),
        ignore: [],
      },
      'its share of caches and memory bandwidth',
    ),
  ];
}

function noResctrl(): TiffinError {
  return new TiffinError(
    'unsupported',
    'no-resctrl',
    'linux.intelRdt: no resctrl file system is mounted on this machine',
    { hint: 'mount -t resctrl resctrl /sys/fs/resctrl, on a processor that has cache allocation' },
  );
}

function refused(message: string): TiffinError {
  return new TiffinError('invalid', 'intel-rdt', message);
}
