/** A container in memory: its record, its live process, and who waits for it. */

import { assert } from '../../base/errors.ts';
import type { Monitor } from '../../host/monitor.ts';
import type { WaitResponse } from '../../spec/docker.ts';
import { Mutex } from '../mutex.ts';
import type { Explanation } from './explanation.ts';
import type { HealthMonitor } from './health.ts';
import { OutputHub } from './output-hub.ts';
import { type Definition, mayFollow, type RunState } from './record.ts';
import type { ContainerTable } from './table.ts';

export class Container {
  readonly definition: Definition;
  readonly #state: RunState;
  readonly #table: ContainerTable;
  /** Changes of state take turns. Nothing waits for a process's end while holding it. */
  readonly turns = new Mutex();
  monitor: Monitor | undefined;
  /** Attached clients of the current run or, while nothing runs, of the next one. */
  hub = new OutputHub();
  /** How the last start went, step by step. */
  explanation: Explanation | undefined;
  /** Of the current or last run. */
  health: HealthMonitor | undefined;
  /** Pending restart by policy. */
  restart: { timer: NodeJS.Timeout; delayMs: number } | undefined;
  /** Grows with quick failures, see `restart-policy.ts`. */
  restartDelayMs = 0;
  removed = false;
  /** Stays at the end of this run in spite of `AutoRemove`: it is to be started again. */
  kept = false;
  readonly #exitWaiters = new Set<(status: WaitResponse) => void>();
  readonly #removalWaiters = new Set<(status: WaitResponse) => void>();

  constructor(definition: Definition, state: RunState, table: ContainerTable) {
    this.definition = definition;
    this.#state = state;
    this.#table = table;
  }

  get id(): string {
    return this.definition.id;
  }

  get name(): string {
    return this.definition.name;
  }

  get state(): Readonly<RunState> {
    return this.#state;
  }

  /** A process exists and is not known to have ended. */
  get isLive(): boolean {
    return this.#state.phase === 'running' || this.#state.phase === 'paused';
  }

  /** In the pause between two runs, up to the next one's first moment: a start by hand counts from nought again. */
  get isRestarting(): boolean {
    const { phase, restartCount } = this.#state;
    return phase === 'restarting' || (phase === 'starting' && restartCount > 0);
  }

  /** Docker counts the pause between two runs as running. */
  get isRunning(): boolean {
    return this.isLive || this.isRestarting;
  }

  /** Changes the state in memory and in the database. */
  update(change: Partial<RunState>): void {
    const { phase } = change;
    if (phase !== undefined && phase !== this.#state.phase) {
      const step = `${this.#state.phase} to ${phase}`;
      assert(mayFollow(this.#state.phase, phase), `container ${this.id}: ${step}`);
    }
    Object.assign(this.#state, change);
    if (!this.removed) this.#table.saveState(this.id, this.#state);
  }

  /** Resolves when a start that is under way has come to its end. */
  async settled(): Promise<void> {
    if (this.#state.phase === 'starting') await this.turns.run(() => undefined);
  }

  saveDefinition(): void {
    this.#table.saveDefinition(this.definition);
  }

  /** Resolves with the next end of a run, or with the removal if that comes first. */
  nextExit(): Waiting {
    return wait(this.#exitWaiters);
  }

  removal(): Waiting {
    return wait(this.#removalWaiters);
  }

  lastStatus(): WaitResponse {
    const { exitCode, error } = this.#state;
    return error === ''
      ? { StatusCode: exitCode }
      : { StatusCode: exitCode, Error: { Message: error } };
  }

  /** Tells everybody who waits for the end of a run. */
  announceExit(): void {
    release(this.#exitWaiters, { StatusCode: this.#state.exitCode });
  }

  announceRemoval(): void {
    release(this.#exitWaiters, { StatusCode: this.#state.exitCode });
    release(this.#removalWaiters, { StatusCode: this.#state.exitCode });
  }
}

export interface Waiting extends Disposable {
  readonly status: Promise<WaitResponse>;
}

function wait(waiters: Set<(status: WaitResponse) => void>): Waiting {
  const { promise, resolve } = Promise.withResolvers<WaitResponse>();
  waiters.add(resolve);
  return { status: promise, [Symbol.dispose]: () => waiters.delete(resolve) };
}

function release(waiters: Set<(status: WaitResponse) => void>, status: WaitResponse): void {
  const all = [...waiters];
  waiters.clear();
  for (const resolve of all) resolve(status);
}
