/** `network connect`, for a container that runs and for one that does not. */

import { TiffinError } from '../../base/errors.ts';
import type { Network } from '../../network/index.ts';
import type { EndpointSettings } from '../../spec/docker.ts';
import type { Container } from '../containers/container.ts';
import { noSuchContainer } from '../containers/set.ts';
import {
  announceEndpoints,
  connectRequest,
  portWishes,
  refreshLinked,
} from '../launch/endpoints.ts';
import { writeHosts, writeResolver } from '../launch/etc-files.ts';
import type { Parts } from '../parts.ts';
import { applyPlan, changeNetwork } from './change.ts';
import { checkEndpointSettings } from './endpoint-settings.ts';

export async function connectContainer(
  parts: Parts,
  reference: string,
  containerReference: string,
  settings: EndpointSettings,
): Promise<void> {
  await inTurn(parts, reference, containerReference, async (container, network) => {
    refuseTwice(container, network);
    checkEndpointSettings(network, settings);
    if (container.isLive) await join(parts, container, network, settings);
    container.definition.networks[network.name] = settings;
    container.saveDefinition();
  });
}

/** Looks both up and does the change in the container's turn. */
export async function inTurn(
  parts: Parts,
  reference: string,
  containerReference: string,
  change: (container: Container, network: Network) => Promise<void>,
): Promise<void> {
  const network = parts.networks.inspect(reference);
  const container = parts.containers.get(containerReference);
  await container.turns.run(async () => {
    if (container.removed) throw noSuchContainer(containerReference);
    refuseShared(parts, container, network);
    await change(container, network);
  });
}

/** The place in the database first: a crash leaves one that the definition does not know, and the next engine undoes it. */
async function join(
  parts: Parts,
  container: Container,
  network: Network,
  settings: EndpointSettings,
): Promise<void> {
  await parts.networkSetup.ensure(network.id);
  const request = connectRequest(container.definition, network, settings);
  const endpoint = parts.networks.connect({ ...request, late: true });
  const all = parts.networks.endpointsOf(container.id);
  try {
    await changeNetwork(parts, container, parts.networks.joinSteps(endpoint, all));
  } catch (error) {
    parts.networks.disconnect(container.id, network.id);
    throw error;
  }
  await settlePorts(parts, container);
  writeResolver(parts, container, all);
  writeHosts(parts, container, all);
  refreshLinked(parts, container.id);
  announceEndpoints(parts, 'connect', [endpoint]);
}

export async function settlePorts(parts: Parts, container: Container): Promise<void> {
  const wishes = { name: container.name, ...portWishes(container.definition) };
  const plan = parts.networks.settlePorts(container.id, wishes);
  if (plan.length > 0) await applyPlan(parts, plan);
}

/** Docker's words for what has no interfaces of its own. */
function refuseShared(parts: Parts, { definition }: Container, network: Network): void {
  const mode = definition.hostConfig.NetworkMode;
  const driver = parts.networks.list().find(({ name }) => name === mode)?.driver;
  if (driver === 'host' || network.driver === 'host') {
    throw refusal(
      'container cannot be disconnected from host network or connected to host network',
    );
  }
  if (mode.startsWith('container:')) {
    throw refusal(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (driver === 'null' || network.driver === 'null') {
    throw refusal(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  }
}

function refuseTwice({ definition, name }: Container, network: Network): void {
  if (!Object.hasOwn(definition.networks, network.name)) return;
  const message = `endpoint with name ${name} already exists in network ${network.name}`;
  throw new TiffinError('denied', 'already-connected', message);
}

function refusal(message: string): TiffinError {
  return new TiffinError('invalid', 'network-alone', message);
}
