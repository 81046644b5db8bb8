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

export function attachContainer(
  parts: Parts,
  reference: string,
  options: AttachOptions,
): AttachSession {
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
    return new ReplaySession(parts, container, options);
  }
  return openSession(container, options, liveMask(options));
}

/** Joins the hub of the current run, or of the next one when nothing runs. */
function openSession(container: Container, options: AttachOptions, mask: number): OutputSession {
  const { hub, definition } = container;
  const session = new OutputSession({
    mask,
    stdin: options.stdin && options.stream && definition.config.OpenStdin,
    keepsInput: !definition.config.StdinOnce,
    onLeave: (left) => hub.remove(left),
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
class ReplaySession implements AttachSession {
  readonly #live: OutputSession;
  readonly #log: AsyncIterable<OutputChunk>;
  readonly #left = new AbortController();

  constructor(parts: Parts, container: Container, options: AttachOptions) {
    this.#live = openSession(container, options, 0);
    const source = logSource(parts, container);
    this.#log = selectLog(source, {
      stdout: options.stdout,
      stderr: options.stderr,
      follow: options.stream,
      tail: undefined,
      sinceNs: undefined,
      untilNs: undefined,
      signal: this.#left.signal,
    });
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
    this.#left.abort();
    this.#live.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
