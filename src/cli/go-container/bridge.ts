/** The bridge `goContainers0`: a network of the engine, without a way out of the machine, as go-container had it. */

import type { NetworkResource } from '../../spec/docker.ts';
import { ApiError, type Client } from '../client/client.ts';
import { CliError } from '../command.ts';
import type { BridgeAddress } from './options.ts';

/** Of the network and of its interface. */
export const BRIDGE = 'goContainers0';
/** Another run may make or remove the network between a look and what follows from it. */
const MAX_LOOKS = 8;

/** Makes the network, or gives it this address where it has another one that nobody uses. */
export async function ensureBridge(client: Client, address: BridgeAddress): Promise<void> {
  for (let look = 1; ; look += 1) {
    try {
      const network = await find(client);
      if (network !== undefined && isAt(network, address)) return;
      if (network !== undefined) await remove(client, network);
      return await create(client, address);
    } catch (error) {
      const changed = error instanceof ApiError && (error.status === 404 || isTaken(error));
      if (!changed || look === MAX_LOOKS) throw error;
    }
  }
}

function isTaken({ status, message }: ApiError): boolean {
  return status === 409 && message.includes('already exists');
}

async function find(client: Client): Promise<NetworkResource | undefined> {
  try {
    return await client.json<NetworkResource>('GET', `/networks/${BRIDGE}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function isAt({ IPAM }: NetworkResource, { subnet, gateway }: BridgeAddress): boolean {
  return IPAM.Config.some((pool) => pool.Subnet === subnet && pool.Gateway === gateway);
}

async function remove(client: Client, { Id, IPAM, Containers }: NetworkResource): Promise<void> {
  const users = Object.values(Containers).map(({ Name, IPv4Address }) => `${Name} ${IPv4Address}`);
  try {
    await client.text('DELETE', `/networks/${Id}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    const [pool] = IPAM.Config;
    throw new CliError(
      `bridge ${BRIDGE} has the address ${pool?.Gateway} in ${pool?.Subnet}, and containers use it:\n${users.join('\n')}`,
    );
  }
}

async function create(client: Client, { subnet, gateway }: BridgeAddress): Promise<void> {
  await client.json('POST', '/networks/create', {
    Name: BRIDGE,
    Driver: 'bridge',
    Internal: true,
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
    Options: { 'com.docker.network.bridge.name': BRIDGE },
  });
}
