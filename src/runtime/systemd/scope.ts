/** The scope of a container: a unit of systemd whose cgroup the container takes over. */

import { existsSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import { ENOENT } from '../../cgroup/controller.ts';
import type { CgroupPaths } from '../../cgroup/types.ts';
import { gatherFacts, type HostFacts } from '../../host/facts.ts';
import type { Plan } from '../../plan/ops.ts';
import type { LinuxResources, RuntimeSpec } from '../../spec/runtime/index.ts';
import type { OciContext } from '../context.ts';
import { beside } from '../step.ts';
import { annotatedProperties } from './annotations.ts';
import { deviceProperties } from './device-properties.ts';
import { type Holder, startHolder } from './holder.ts';
import { Manager } from './manager.ts';
import { limitProperties, type ManagerFacts, type Property, property } from './properties.ts';
import { parseUnit, type Unit } from './unit.ts';

/** Where a container is to be, before it has a unit. */
export interface Place {
  unit: Unit;
  /** Absolute, below the mount points of cgroups. */
  path: string;
  /** This process may have been moved meanwhile. */
  facts: HostFacts;
}

/** What state.json keeps of it. */
export interface UnitRecord {
  name: string;
  /** A user's manager has it. */
  user: boolean;
}

/** Finds the group of the unit that `linux.cgroupsPath` names. @throws TiffinError `no-systemd`, `cgroup-path`. */
export async function placeUnit(
  text: string,
  id: string,
  facts: HostFacts,
  context: OciContext,
): Promise<Place> {
  requireSystemd();
  const user = isUser(facts);
  const unit = parseUnit(text, id, user ? 'user.slice' : 'system.slice');
  if (!user) return { unit, path: unit.path, facts };
  return withManager(context, user, async (manager) => {
    const group = await manager.controlGroup();
    const near = await comeNear(manager, group, facts);
    return { unit, path: group + unit.path, facts: near };
  });
}

/**
 * Starts the unit with the container's limits. A scope cannot be without a process: a holder is its first, and ends when
 * the container's is there.
 */
export async function startUnit(
  { unit, facts }: Place,
  spec: RuntimeSpec,
  id: string,
  context: OciContext,
): Promise<Holder | undefined> {
  const slice = unit.name.endsWith('.slice');
  const holder = slice ? undefined : startHolder(context);
  try {
    await withManager(context, isUser(facts), async (manager) => {
      const known = await managerFacts(manager, facts);
      const identity = [
        property('Description', 's', `tiffin container ${id}`),
        // It does not stay as failed when nobody is there to reset it, as after a run in the foreground.
        ...(slice ? [] : [property('CollectMode', 's', 'inactive-or-failed')]),
        slice ? property('Wants', 'as', [unit.slice]) : property('Slice', 's', unit.slice),
        ...(holder === undefined
          ? []
          : [property('Delegate', 'b', true), property('PIDs', 'au', [holder.pid])]),
      ];
      const resources = spec.linux?.resources ?? {};
      await manager.startUnit(unit.name, [
        ...identity,
        ...accounting(known),
        property('DefaultDependencies', 'b', false),
        ...annotatedProperties(spec.annotations),
        ...limitProperties(resources, known),
        ...(isUser(facts) ? [] : deviceProperties(resources)),
      ]);
    });
  } catch (error) {
    holder?.end();
    throw error;
  }
  return holder;
}

export function unitRecord({ unit, facts }: Place): UnitRecord {
  return { name: unit.name, user: isUser(facts) };
}

/**
 * The launch's plan with the holder's end, and with the groups that systemd watches emptied at the end and not removed: it
 * sees that one is empty only while it is there, and would take the unit for active without end.
 */
export function adaptPlan(plan: Plan, { v1, v2 }: CgroupPaths, holder: Holder | undefined): Plan {
  const watched = new Set([v2, v1['name=systemd']]);
  const kill = `${v2}/cgroup.kill`;
  const adapted = plan.flatMap((step) => {
    if (step.op.op !== 'remove-cgroup' || !watched.has(step.op.path)) return [step];
    // v1 has no such file; what is left there ends with the group of another hierarchy.
    if (step.op.path !== v2) return [];
    const data = new TextEncoder().encode('1');
    return [{ ...step, op: { op: 'write', path: kill, data, ignore: [ENOENT] } as const }];
  });
  if (holder === undefined) return adapted;
  const { pid, startTime } = holder;
  const why = 'the container keeps the scope from here on';
  return [...adapted, beside({ op: 'end-process', pid, startTime }, why)];
}

export async function updateUnit(
  { name, user }: UnitRecord,
  resources: LinuxResources,
  facts: HostFacts,
  context: OciContext,
): Promise<void> {
  await withManager(context, user, async (manager) => {
    const properties = limitProperties(resources, await managerFacts(manager, facts));
    if (properties.length > 0) await manager.setProperties(name, properties);
  });
}

export async function stopUnit({ name, user }: UnitRecord, context: OciContext): Promise<void> {
  await withManager(context, user, (manager) => manager.stopUnit(name));
}

function requireSystemd(): void {
  // What sd_booted(3) looks at.
  if (existsSync('/run/systemd/system')) return;
  throw new TiffinError(
    'unsupported',
    'no-systemd',
    'systemd not running on this host, cannot use systemd cgroups manager',
    { hint: 'leave --systemd-cgroup out, and give linux.cgroupsPath as a path' },
  );
}

function isUser({ uid, initialUserNamespace }: HostFacts): boolean {
  return uid !== 0 || !initialUserNamespace;
}

async function withManager<T>(
  { environment }: OciContext,
  user: boolean,
  act: (manager: Manager) => Promise<T>,
): Promise<T> {
  const manager = await Manager.open(environment, user);
  try {
    return await act(manager);
  } finally {
    manager.close();
  }
}

/**
 * The kernel lets a user move processes only between groups below one that is the user's; a session's scope is not. So this
 * process asks for a scope of its own under the user's manager, as other runtimes' callers do.
 */
async function comeNear(manager: Manager, group: string, facts: HostFacts): Promise<HostFacts> {
  const own = facts.cgroup.own[''] ?? '/';
  if (own.startsWith(`${group}/`)) return facts;
  await manager.startUnit(`tiffin-caller-${process.pid}.scope`, [
    property('Description', 's', 'a caller of tiffin'),
    property('CollectMode', 's', 'inactive-or-failed'),
    property('PIDs', 'au', [process.pid]),
  ]);
  return gatherFacts();
}

async function managerFacts(manager: Manager, facts: HostFacts): Promise<ManagerFacts> {
  return { version: await manager.version(), unified: facts.cgroup.mode === 'v2' };
}

function accounting({ unified }: ManagerFacts): Property[] {
  return ['CPU', 'Memory', unified ? 'IO' : 'BlockIO', 'Tasks'].map((what) =>
    property(`${what}Accounting`, 'b', true),
  );
}
