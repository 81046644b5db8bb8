/** `attach`, before or during a run. */

import { TiffinError } from '../../base/errors.ts';
import type { AttachOptions, AttachSession, OutputChunk } from '../contract.ts';
import { keepsLog } from '../launch/prepare.ts';
import type { Parts } from '../parts.ts';
import { OutputSession } from './attach-session.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';
import { logSource } from './logs.ts';
import { selectLog } from './read-log.ts';

export async function attachContainer(
  parts: Parts,
  reference: string,
  options: AttachOptions,
): Promise<AttachSession> {
  const container = parts.containers.get(reference);
  if (container.state.phase === 'paused') {
    const message = `container ${container.id} is paused, unpause the container before attach`;
    throw new TiffinError('conflict', 'container-paused', message);
  }
  if (container.state.phase === 'restarting') {
    const message = `container ${container.id} is restarting, wait until the container is running`;
    throw new TiffinError('conflict', 'container-restarting', message);
  }
  emitContainer(parts, container, 'attach');
  if (options.logs && keepsLog(container.definition.hostConfig.LogConfig)) {
    return replay(parts, container, options);
  }
  return openSession(parts, container, options, liveMask(options));
}

/** Joins the hub of the current run, or of the next one when nothing runs. */
function openSession(
  parts: Parts,
  container: Container,
  options: AttachOptions,
  mask: number,
): OutputSession {
  const { hub, definition } = container;
  const session = new OutputSession({
    mask,
    stdin: options.stdin && options.stream && definition.config.OpenStdin,
    keepsInput: !definition.config.StdinOnce,
    onLeave: (left) => hub.remove(left),
    onDetach: () => emitContainer(parts, container, 'detach'),
  });
  if (options.stream) hub.add(session);
  else session.end();
  return session;
}

function liveMask(options: AttachOptions): number {
  return options.stream ? (options.stdout ? 1 : 0) + (options.stderr ? 2 : 0) : 0;
}

/**
 * With `logs` everything comes from the log, what it held before and what is added: one source, so nothing is
 * missing and nothing comes twice. Input goes the live way.
 */
async function replay(
  parts: Parts,
  container: Container,
  options: AttachOptions,
): Promise<AttachSession> {
  const live = openSession(parts, container, options, 0);
  const left = new AbortController();
  try {
    // Up to the end of a run that may still be to come, as without `logs`.
    const source = { ...logSource(parts, container), nextEnd: () => container.nextExit() };
    const log = await selectLog(source, {
      stdout: options.stdout,
      stderr: options.stderr,
      follow: options.stream,
      tail: undefined,
      sinceNs: undefined,
      untilNs: undefined,
      signal: left.signal,
    });
    return new ReplaySession(live, log, left);
  } catch (error) {
    live.close();
    throw error;
  }
}

class ReplaySession implements AttachSession {
  readonly #live: OutputSession;
  readonly #log: AsyncGenerator<OutputChunk, void>;
  readonly #left: AbortController;

  constructor(live: OutputSession, log: AsyncGenerator<OutputChunk, void>, left: AbortController) {
    this.#live = live;
    this.#log = log;
    this.#left = left;
  }

  get output(): AsyncIterable<OutputChunk> {
    return this.#log;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#live.write(bytes);
  }

  closeInput(): void {
    this.#live.closeInput();
  }

  close(): void {
    this.#leave();
    this.#live.close();
  }

  detach(): void {
    this.#leave();
    this.#live.detach();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #leave(): void {
    this.#left.abort();
    // Also of a log that nobody began to read. Whoever reads it hears of what goes wrong.
    this.#log.return().catch(() => undefined);
  }
}
