/** `events`: statistics at an interval and notices of killings for lack of memory, one line of JSON each, as runc has them. */

import { TiffinError } from '../../base/errors.ts';
import { oomKillCount, readRuncStats } from '../../cgroup/index.ts';
import type { OciContext } from '../context.ts';
import { exactJson } from '../exact-json.ts';
import { isAlive } from '../status.ts';
import { type Found, find } from './state.ts';

export interface EventsOptions {
  id: string;
  intervalMs: number;
  /** Statistics at once and then the end. */
  once: boolean;
}

/** How often the count of killings and the container's end are looked at; v1 tells of neither in a way that a file descriptor shows here. */
const LOOK_MS = 50;

/** Resolves at the container's end. */
export async function events(options: EventsOptions, context: OciContext): Promise<void> {
  const found = find(options.id, context);
  const { record, snapshot } = found;
  if (snapshot.pid === 0) {
    throw new TiffinError(
      'conflict',
      'not-running',
      `container with id ${options.id} is not running`,
    );
  }
  if (options.once) {
    printStats(found, context);
    return;
  }
  let seen = oomKillCount(record.cgroups);
  let due = performance.now() + options.intervalMs;
  for (let alive = true; alive; ) {
    await Bun.sleep(Math.max(0, Math.min(LOOK_MS, due - performance.now())));
    // Asked before the count: what is killed last is counted by then.
    alive = isAlive(snapshot.pid, snapshot.startTime);
    const kills = oomKillCount(record.cgroups);
    for (; seen < kills; seen += 1) print({ type: 'oom', id: options.id }, context);
    if (alive && performance.now() >= due) {
      printStats(found, context);
      due += options.intervalMs;
    }
  }
}

function printStats({ record }: Found, context: OciContext): void {
  print({ type: 'stats', id: record.id, data: readRuncStats(record.cgroups) }, context);
}

function print(event: Parameters<typeof exactJson>[0], context: OciContext): void {
  context.print(`${exactJson(event)}\n`);
}
