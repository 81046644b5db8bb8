/** What became of a container whose monitor this engine is not connected to: adopted, ended, or lost. */

import { existsSync, readFileSync } from 'node:fs';
import { errnoName } from '../../base/errors.ts';
import type { ExitRecord } from '../../host/frames.ts';
import { connectMonitor, type Monitor, parseExitRecord } from '../../host/monitor.ts';
import type { Parts } from '../parts.ts';
import { type RunPaths, runPaths } from '../paths.ts';
import type { Container } from './container.ts';
import { type Again, ended } from './exit.ts';

export type Trace =
  | { kind: 'running'; monitor: Monitor }
  | { kind: 'ended'; record: ExitRecord }
  /** Its monitor died and left no record. */
  | { kind: 'lost' }
  /** It never got as far as a run directory, or the machine was started anew. */
  | { kind: 'nothing' };

/** Nobody listens, or whoever did was ending when the connection was made. */
const NO_SOCKET: ReadonlySet<string> = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTSOCK',
  'EPIPE',
]);

/** Reads the run directory; changes nothing. */
export async function traceRun(run: RunPaths): Promise<Trace> {
  const record = readRecord(run);
  if (record !== undefined) return { kind: 'ended', record };
  try {
    return { kind: 'running', monitor: await connectMonitor(run.attach) };
  } catch (error) {
    if (!NO_SOCKET.has(errnoName(error) ?? '')) throw error;
  }
  // It may have ended between the two looks.
  const late = readRecord(run);
  if (late !== undefined) return { kind: 'ended', record: late };
  return { kind: existsSync(run.directory) ? 'lost' : 'nothing' };
}

/** For a container that was running when the connection to its monitor, or the whole engine, was lost. */
export async function recover(
  parts: Parts,
  container: Container,
  entered: (monitor: Monitor) => void,
  again: Again | undefined,
): Promise<void> {
  const trace = await traceRun(runPaths(parts.paths.runContainers, container.id));
  if (trace.kind === 'running') return entered(trace.monitor);
  await ended(parts, container, trace.kind === 'ended' ? trace.record : undefined, again);
}

function readRecord(run: RunPaths): ExitRecord | undefined {
  try {
    return parseExitRecord(readFileSync(run.exit));
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
