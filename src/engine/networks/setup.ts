/** The host's side of a network (bridge, address, firewall) is made when its first container starts. */

import { TiffinError } from '../../base/errors.ts';
import type { LaunchFailure } from '../../host/launcher.ts';
import type { NetworkRoom } from '../../network/index.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan } from '../../plan/ops.ts';
import { wordFailure } from '../../runtime/failure.ts';
import type { PlanRunner } from '../launch/launcher-keeper.ts';

/** EOPNOTSUPP. */
const NO_SUCH_DEVICE: ReadonlySet<number> = new Set([95]);

export class NetworkSetup {
  readonly #networks: NetworkRoom;
  readonly #launcher: PlanRunner;
  /** By network id; a failed set-up is not kept. */
  readonly #done = new Map<string, Promise<void>>();

  constructor(networks: NetworkRoom, launcher: PlanRunner) {
    this.#networks = networks;
    this.#launcher = launcher;
  }

  /** Once per engine life and network: the plan is idempotent, so a bridge of the engine before is taken over. */
  ensure(networkId: string): Promise<void> {
    const known = this.#done.get(networkId);
    if (known !== undefined) return known;
    const made = this.#setUp(networkId);
    this.#done.set(networkId, made);
    made.catch(() => this.#done.delete(networkId));
    return made;
  }

  /** Makes again what somebody else removed, for the networks that containers are in; others wait for their first start. */
  async restore(): Promise<void> {
    this.forget();
    const busy = this.#networks.list().filter(({ id }) => this.#networks.endpoints(id).length > 0);
    for (const { id } of busy) await this.ensure(id);
  }

  /** Whether a table of this name is the engine's; `*` may be. */
  owns(table: string): boolean {
    return table === '*' || table === this.#networks.tableName;
  }

  /** For bridges and a firewall that somebody else has removed: the next `ensure` makes them again. */
  forget(): void {
    this.#done.clear();
    this.#networks.forgetFirewall();
  }

  /** Throws `unsupported` for a network whose devices this kernel or its parent does not take. */
  async probe(networkId: string): Promise<void> {
    const plan = this.#networks.hostProbe(networkId);
    if (plan.length === 0) return;
    const result = await this.#launcher.apply(encodePlan(plan));
    if (result.ok) return;
    const cause = worded(plan, result.failure);
    const { driver, options } = this.#networks.inspect(networkId);
    const lacks = NO_SUCH_DEVICE.has(result.failure.errno);
    const message = lacks
      ? `this kernel has no devices of kind ${driver}`
      : `interface ${options.parent} takes no devices of kind ${driver}`;
    throw new TiffinError('unsupported', 'no-such-device-kind', message, {
      cause,
      hint: lacks
        ? 'use the driver bridge'
        : 'it may be part of a bridge or bond already, or be no Ethernet interface',
    });
  }

  /** `teardown` from `NetworkRoom.hostTeardown`, asked for while the network was still known. */
  async remove(networkId: string, teardown: Plan): Promise<void> {
    this.#done.delete(networkId);
    await this.#apply(teardown);
  }

  async #setUp(networkId: string): Promise<void> {
    const plan = this.#networks.hostSetup(networkId);
    if (plan.length === 0) return;
    const result = await this.#launcher.apply(encodePlan(plan));
    if (result.ok) return;
    const { opIndex, errno } = result.failure;
    if (!this.#networks.withoutGuard(plan[opIndex], errno)) throw worded(plan, result.failure);
    console.error(
      'tiffin: this kernel has no nftables for bridges (NF_TABLES_BRIDGE): containers can send under the addresses of others',
    );
    await this.#setUp(networkId);
  }

  async #apply(plan: Plan): Promise<void> {
    if (plan.length === 0) return;
    const result = await this.#launcher.apply(encodePlan(plan));
    if (!result.ok) throw worded(plan, result.failure);
  }
}

function worded(plan: Plan, failure: LaunchFailure): TiffinError {
  const error = wordFailure(plan, failure);
  return new TiffinError(error.class, error.code, `cannot set up the network: ${error.message}`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
