/** The event of a prune, for every kind of object. */

import type { EventType } from '../spec/docker.ts';
import type { Parts } from './parts.ts';

/** Hands the report on once everybody has been told of it. */
export async function announced<Report extends { SpaceReclaimed?: number }>(
  parts: Pick<Parts, 'events'>,
  type: EventType,
  pruning: Promise<Report>,
): Promise<Report> {
  const report = await pruning;
  parts.events.emit(type, 'prune', '', { reclaimed: String(report.SpaceReclaimed ?? 0) });
  return report;
}
