/** Health checks: a program run in the container again and again, and what its exit codes come to. Docker's rules. */

import type { Health, HealthConfig, HealthcheckResult } from '../../spec/docker.ts';
import { runProbe } from '../execs/probe.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';

const DEFAULT_INTERVAL_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_RETRIES = 3;
const DEFAULT_START_INTERVAL_MS = 5_000;
const KEPT_RESULTS = 5;
const MAX_TIMER_MS = 2 ** 31 - 1;
const SHELL = ['/bin/sh', '-c'];

/** Begins with a run and ends with it. */
export function startHealth(parts: Parts, container: Container): void {
  stopHealth(container);
  const config = container.definition.config.Healthcheck;
  const command = probeCommand(config, container.definition.config.Shell);
  if (config === undefined || command === undefined) {
    container.health = undefined;
    return;
  }
  container.health = new HealthMonitor(parts, container, config, command);
}

export function stopHealth(container: Container): void {
  container.health?.stop();
}

/** `['CMD', …]`, `['CMD-SHELL', text]`; undefined for none. */
export function probeCommand(
  config: HealthConfig | undefined,
  shell: readonly string[] | undefined,
): string[] | undefined {
  const [kind, ...words] = config?.Test ?? [];
  if (kind === 'CMD' && words.length > 0) return words;
  if (kind === 'CMD-SHELL') return [...(shell ?? SHELL), words.join(' ')];
  return undefined;
}

export class HealthMonitor {
  readonly #parts: Parts;
  readonly #container: Container;
  readonly #config: HealthConfig;
  readonly #command: string[];
  readonly #startedMs = Date.now();
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #status: 'starting' | 'healthy' | 'unhealthy' = 'starting';
  #failures = 0;
  #log: HealthcheckResult[] = [];

  constructor(parts: Parts, container: Container, config: HealthConfig, command: string[]) {
    this.#parts = parts;
    this.#container = container;
    this.#config = config;
    this.#command = command;
    this.#schedule();
  }

  view(): Health {
    return { Status: this.#status, FailingStreak: this.#failures, Log: this.#log };
  }

  /** As Docker shows it of what does not run: what was healthy before says nothing of the next run. */
  stop(): void {
    this.#status = 'unhealthy';
    clearTimeout(this.#timer);
    this.#stopped.abort();
  }

  #schedule(): void {
    if (this.#stopped.signal.aborted) return;
    const delay = this.#inStartPeriod()
      ? milliseconds(this.#config.StartInterval, DEFAULT_START_INTERVAL_MS)
      : milliseconds(this.#config.Interval, DEFAULT_INTERVAL_MS);
    this.#timer = setTimeout(() => {
      this.#parts.background.run(`health check of ${this.#container.id}`, () => this.#probe());
    }, delay);
  }

  async #probe(): Promise<void> {
    // A frozen container answers nothing, and that is no fault of its program.
    if (this.#container.state.phase === 'running') {
      const result = await runProbe(this.#parts, this.#container, {
        command: this.#command,
        timeoutMs: milliseconds(this.#config.Timeout, DEFAULT_TIMEOUT_MS),
        signal: this.#stopped.signal,
      });
      if (!this.#stopped.signal.aborted) this.#take(result);
    }
    this.#schedule();
  }

  #take(result: HealthcheckResult): void {
    this.#log = [...this.#log, result].slice(-KEPT_RESULTS);
    if (result.ExitCode === 0) {
      this.#failures = 0;
      this.#become('healthy');
      return;
    }
    // While it starts up a failure does not count, unless it was healthy already.
    if (this.#status === 'starting' && this.#inStartPeriod()) return;
    this.#failures += 1;
    const retries = this.#config.Retries > 0 ? this.#config.Retries : DEFAULT_RETRIES;
    if (this.#failures >= retries) this.#become('unhealthy');
  }

  #become(status: 'healthy' | 'unhealthy'): void {
    if (this.#status === status) return;
    this.#status = status;
    emitContainer(this.#parts, this.#container, `health_status: ${status}`);
  }

  #inStartPeriod(): boolean {
    return Date.now() - this.#startedMs < this.#config.StartPeriod / 1e6;
  }
}

/** A longer time than a timer can hold would make it fire at once, again and again. */
function milliseconds(ns: number, fallback: number): number {
  return ns > 0 ? Math.min(Math.max(ns / 1e6, 1), MAX_TIMER_MS) : fallback;
}
