/** The engine's launcher, started anew when it dies: what runs does not depend on it, what is to be started does. */

import { rmSync } from 'node:fs';
import { errorMessage, TiffinError } from '../../base/errors.ts';
import { type ApplyResult, Launcher, type LaunchResult } from '../../host/launcher.ts';

/** What the engine asks of a launcher. */
export type PlanRunner = Pick<Launcher, 'launch' | 'apply'>;

/** After so many ends in a row, each this soon after the start, something is wrong with it or the machine. */
const SOON_MS = 1000;
const MAX_QUICK_ENDS = 5;

export class LauncherKeeper implements PlanRunner {
  readonly #shim: string;
  readonly #socket: string;
  #current: Promise<Launcher>;
  #closed = false;
  #tableRemoved: (name: string) => void = () => undefined;
  #quickEnds = 0;

  private constructor(shim: string, socket: string) {
    this.#shim = shim;
    this.#socket = socket;
    this.#current = this.#start();
  }

  /** Resolves when the first one listens; throws what keeps it from that. */
  static async start(shim: string, socket: string): Promise<LauncherKeeper> {
    const keeper = new LauncherKeeper(shim, socket);
    await keeper.#current;
    return keeper;
  }

  async launch(plan: Uint8Array, options?: { subscribe?: number }): Promise<LaunchResult> {
    return (await this.#current).launch(plan, options);
  }

  async apply(plan: Uint8Array): Promise<ApplyResult> {
    return (await this.#current).apply(plan);
  }

  /** Mounts the layers that are images once for all that is launched from here. */
  async hold(layers: readonly string[]): Promise<void> {
    (await this.#current).hold(layers.filter((path) => path.endsWith('.erofs')));
  }

  /** Lets go of a layer that was removed. */
  drop(layer: string): void {
    void this.#current.then((launcher) => launcher.drop(layer)).catch(() => undefined);
  }

  /** Calls `then` whenever somebody removes an nftables table; with `*` after a while in which nobody looked. */
  onTableRemoved(then: (name: string) => void): void {
    this.#tableRemoved = then;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const launcher = await this.#current;
    launcher.close();
    await launcher.ended;
  }

  async #start(): Promise<Launcher> {
    // The socket of one that was killed would be in the way.
    rmSync(this.#socket, { force: true });
    const startedMs = Date.now();
    const launcher = await Launcher.start(this.#shim, this.#socket);
    void this.#watch(launcher);
    void launcher.ended.then((status) => {
      if (this.#closed) return;
      console.error(`tiffin: the launcher ended with status ${status}`);
      this.#quickEnds = Date.now() - startedMs < SOON_MS ? this.#quickEnds + 1 : 0;
      const hopeless = this.#quickEnds >= MAX_QUICK_ENDS;
      this.#current = hopeless ? Promise.reject(keepsEnding(status)) : this.#start();
      // Whoever needs it next hears of the failure.
      this.#current.catch((error: unknown) => console.error(`tiffin: ${errorMessage(error)}`));
    });
    return launcher;
  }

  async #watch(launcher: Launcher): Promise<void> {
    this.#tableRemoved('*');
    for await (const name of launcher.removedTables()) if (!this.#closed) this.#tableRemoved(name);
  }
}

function keepsEnding(status: number): TiffinError {
  return new TiffinError(
    'unavailable',
    'launcher-gone',
    `the launcher keeps ending, with status ${status}, as soon as it is started`,
    { hint: 'running containers are not affected; restart the engine' },
  );
}
