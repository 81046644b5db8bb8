/** `stop`, `kill`, `restart`: ending a run by request. */

import { errnoName, TiffinError } from '../../base/errors.ts';
import { freeze } from '../../cgroup/index.ts';
import { parseSignal } from '../../spec/signals.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';
import { cancelRestart } from './restart-policy.ts';
import { startContainer } from './start.ts';

const DEFAULT_SECONDS = 10;
const SIGKILL = 9;
const SIGTERM = 15;
/** What a write to the files of a removed cgroup fails with. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENODEV']);

export async function stopContainer(
  parts: Parts,
  reference: string,
  seconds: number | undefined,
  signal: string | undefined,
): Promise<void> {
  const container = parts.containers.get(reference);
  await container.settled();
  if (!container.isRunning) {
    throw new TiffinError(
      'not-modified',
      'not-running',
      `container ${container.id} is not running`,
    );
  }
  const number = signal === undefined ? stopSignalOf(container) : parseSignal(signal);
  await halt(parts, container, number, seconds);
  emitContainer(parts, container, 'stop');
}

export async function restartContainer(
  parts: Parts,
  reference: string,
  seconds: number | undefined,
  signal: string | undefined,
): Promise<void> {
  const container = parts.containers.get(reference);
  await container.settled();
  if (container.isRunning) {
    const number = signal === undefined ? stopSignalOf(container) : parseSignal(signal);
    container.kept = true;
    try {
      await halt(parts, container, number, seconds);
    } finally {
      container.kept = false;
    }
    emitContainer(parts, container, 'stop');
  }
  await startContainer(parts, container.id);
  emitContainer(parts, container, 'restart');
}

export async function killContainer(
  parts: Parts,
  reference: string,
  signal: string,
): Promise<void> {
  const container = parts.containers.get(reference);
  const number = parseSignal(signal);
  await container.settled();
  const stopSignal = stopSignalOf(container);
  if (!container.isRunning) {
    const message = `cannot kill container: ${reference}: container ${container.id} is not running`;
    throw new TiffinError('conflict', 'not-running', message);
  }
  if (container.state.phase === 'restarting') {
    await giveUpRestart(container);
  } else if (number === SIGKILL) {
    await kill(parts, container);
  } else {
    // A signal that asks the program to end is not answered by a restart.
    if (number === stopSignal) container.update({ stoppedByHand: true });
    await sendSignal(container, number);
  }
  emitContainer(parts, container, 'kill', { signal: String(number) });
}

/** Ends the run for good and returns when it is recorded. */
export async function kill(parts: Parts, container: Container): Promise<void> {
  using exit = container.nextExit();
  container.update({ stoppedByHand: true });
  await signalAndThaw(parts, container, SIGKILL);
  await exit.status;
}

/** An image may name a signal that does not exist: its containers must be stoppable all the same. */
function stopSignalOf({ definition }: Container): number {
  try {
    return parseSignal(definition.config.StopSignal ?? 'SIGTERM');
  } catch {
    return SIGTERM;
  }
}

/** Asks by signal, waits, then kills. */
async function halt(
  parts: Parts,
  container: Container,
  signal: number,
  seconds: number | undefined,
): Promise<void> {
  if (container.state.phase === 'restarting') return giveUpRestart(container);
  using exit = container.nextExit();
  container.update({ stoppedByHand: true });
  const patience = seconds ?? container.definition.config.StopTimeout ?? DEFAULT_SECONDS;
  await signalAndThaw(parts, container, signal);
  emitContainer(parts, container, 'kill', { signal: String(signal) });
  if (patience >= 0 && !(await endsWithin(exit.status, patience))) {
    await sendSignal(container, SIGKILL);
    emitContainer(parts, container, 'kill', { signal: String(SIGKILL) });
  }
  await exit.status;
}

/** A connection that ends now means a process that ends; its exit is on the way. */
async function sendSignal(container: Container, signal: number): Promise<void> {
  await container.monitor?.signal(signal).catch(() => undefined);
}

/** A frozen process takes its signal when it thaws; SIGKILL reaches it at once, and its cgroup may be gone by then. */
async function signalAndThaw(parts: Parts, container: Container, signal: number): Promise<void> {
  await sendSignal(container, signal);
  if (container.state.phase !== 'paused') return;
  await container.turns.run(async () => {
    const { phase, cgroup } = container.state;
    if (phase !== 'paused' || cgroup === undefined) return;
    try {
      await freeze(cgroup, false);
    } catch (error) {
      if (!GONE.has(errnoName(error) ?? '')) throw error;
    }
    container.update({ phase: 'running' });
    emitContainer(parts, container, 'unpause');
  });
}

async function giveUpRestart(container: Container): Promise<void> {
  await container.turns.run(() => {
    if (container.state.phase !== 'restarting') return;
    cancelRestart(container);
    container.update({ phase: 'exited', stoppedByHand: true });
    container.announceExit();
  });
}

function endsWithin(end: Promise<unknown>, seconds: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), Math.min(seconds * 1000, 2 ** 31 - 1));
  void end.then(() => {
    clearTimeout(timer);
    resolve(true);
  });
  return promise;
}
