/** Finishes what an engine that died left undone of joining and leaving networks. */

import type { Container } from '../containers/container.ts';
import type { Parts } from '../parts.ts';
import { settlePorts } from './connect.ts';
import { leave } from './disconnect.ts';

/** A place that the container's definition does not ask for was being joined or left: either way it goes. */
export async function healNetworks(parts: Parts, container: Container): Promise<void> {
  await container.turns.run(async () => {
    if (!container.isLive) return;
    const { networks, hostConfig } = container.definition;
    const endpoints = parts.networks
      .endpointsOf(container.id)
      .filter(({ interface: name }) => name);
    if (endpoints.length === 0) return;
    const named = Object.keys(networks);
    const asked = new Set(named.length > 0 ? named : [hostConfig.NetworkMode]);
    for (const endpoint of endpoints) {
      const { networkName, networkId } = endpoint;
      if (asked.has(networkName) || asked.has(networkId)) continue;
      await leave(parts, container, endpoint);
    }
    await settlePorts(parts, container);
  });
}
