/** What changes while a container runs: its networks, its name, and where its published ports lead. */

import type { Plan, Step } from '../plan/ops.ts';
import { leaveElements, portSteps } from './endpoint-plan.ts';
import { chooseGateway } from './gateway.ts';
import type { PortAllocator } from './ports.ts';
import type { NetworkTables } from './tables.ts';
import type { ConnectRequest, Endpoint, PortBinding } from './types.ts';

/** What a container publishes, for one that could not until now. */
export type PortWishes = Pick<ConnectRequest, 'name' | 'ports' | 'exposed' | 'publishAll'>;

export class LateChanges {
  readonly #tables: NetworkTables;
  readonly #ports: PortAllocator;
  readonly #table: string;

  constructor(tables: NetworkTables, ports: PortAllocator, table: string) {
    this.#tables = tables;
    this.#ports = ports;
    this.#table = table;
  }

  rename(containerId: string, from: string, to: string): void {
    this.#tables.transaction(() => {
      for (const endpoint of this.#tables.endpointsOf(containerId)) {
        const aliases = endpoint.aliases.map((name) => (name === from ? to : name));
        this.#tables.updateEndpoint({ ...endpoint, aliases });
      }
    });
  }

  settlePorts(containerId: string, wishes: PortWishes, left: readonly PortBinding[]): Plan {
    return this.#tables.transaction(() => {
      const endpoints = this.#tables.endpointsOf(containerId);
      const target = chooseGateway(endpoints.filter((one) => this.#isOutward(one)));
      const holder = endpoints.find(({ ports }) => ports.length > 0);
      if (target === undefined || holder?.id === target.id) return [];
      const network = this.#tables.network(target.networkId);
      if (network === undefined) return [];
      const kept = holder?.ports ?? left;
      if (holder !== undefined) this.#tables.updateEndpoint({ ...holder, ports: [] });
      const request = { ...wishes, containerId, network: network.id, hostname: '' };
      const ports = kept.length > 0 ? [...kept] : this.#ports.allocate(request, network);
      if (ports.length === 0) return [];
      const moved = { ...target, ports };
      this.#tables.updateEndpoint(moved);
      return [
        ...(holder === undefined ? [] : leaveElements(this.#table, holder)),
        ...portSteps(this.#table, moved, network).map(onHost),
      ];
    });
  }

  #isOutward(endpoint: Endpoint): boolean {
    const network = this.#tables.network(endpoint.networkId);
    return network?.driver === 'bridge' && !network.internal;
  }
}

function onHost(step: Step): Step {
  return { ...step, stage: 'host' };
}
