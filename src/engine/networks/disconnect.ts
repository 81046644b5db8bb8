/** `network disconnect`, and what is left of networks that were joined late when the container ends. */

import { TiffinError } from '../../base/errors.ts';
import type { Endpoint, Network } from '../../network/index.ts';
import type { Container } from '../containers/container.ts';
import { announceEndpoints, portWishes, refreshLinked } from '../launch/endpoints.ts';
import { writeHosts, writeResolver } from '../launch/etc-files.ts';
import type { Parts } from '../parts.ts';
import { applyPlan, changeNetwork } from './change.ts';
import { inTurn } from './connect.ts';

/** Indexes inside from here on are of interfaces that came while the container ran. */
const FIRST_LATE_INDEX = 0x10000;

export async function disconnectContainer(
  parts: Parts,
  reference: string,
  containerReference: string,
  force: boolean,
): Promise<void> {
  await inTurn(parts, reference, containerReference, async (container, network) => {
    const { definition } = container;
    const endpoint = endpointIn(parts, container, network);
    if (endpoint === undefined && !Object.hasOwn(definition.networks, network.name)) {
      if (force) return;
      throw notConnected(container, network);
    }
    // The wish first: whatever a crash leaves of the rest, the next engine finishes.
    delete definition.networks[network.name];
    container.saveDefinition();
    if (endpoint !== undefined) await leave(parts, container, endpoint);
  });
}

/** Takes a place in a network away from a container; it may run or have ended meanwhile. */
export async function leave(parts: Parts, container: Container, endpoint: Endpoint): Promise<void> {
  const rest = parts.networks.endpointsOf(container.id).filter(({ id }) => id !== endpoint.id);
  try {
    await changeNetwork(parts, container, parts.networks.leaveSteps(endpoint, rest));
  } catch (error) {
    // It ended meanwhile, and its interfaces with it.
    if (!(error instanceof TiffinError && error.code === 'container-gone')) throw error;
  }
  parts.networks.disconnect(container.id, endpoint.networkId);
  const wishes = { name: container.name, ...portWishes(container.definition) };
  const moved = parts.networks.settlePorts(container.id, wishes, endpoint.ports);
  if (moved.length > 0) await applyPlan(parts, moved);
  writeResolver(parts, container, rest);
  writeHosts(parts, container, rest);
  refreshLinked(parts, container.id);
  announceEndpoints(parts, 'disconnect', [endpoint]);
}

/** The monitor's own teardown knows what was there at the start; the rest is undone here. */
export async function removeLateEndpoints(parts: Parts, container: Container): Promise<void> {
  const late = parts.networks
    .endpointsOf(container.id)
    .filter(({ insideIndex = 0 }) => insideIndex >= FIRST_LATE_INDEX);
  if (late.length > 0) await applyPlan(parts, parts.networks.endpointTeardown(...late));
}

function endpointIn(parts: Parts, { id }: Container, network: Network): Endpoint | undefined {
  return parts.networks.endpointsOf(id).find(({ networkId }) => networkId === network.id);
}

function notConnected({ id }: Container, network: Network): TiffinError {
  const message = `container ${id} is not connected to network ${network.name}`;
  return new TiffinError('denied', 'not-connected', message);
}
