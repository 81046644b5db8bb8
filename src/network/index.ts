/**
 * Networks of containers: what the engine calls.
 *
 *   const networks = openNetworks({ database, dataRoot });
 *   networks.ensureDefault();
 *   const endpoint = networks.connect({ containerId, network: 'bridge', hostname, ports });
 *   await launcher.apply(encodePlan(networks.hostSetup(endpoint.networkId)));  // once per network and engine life
 *   planLaunch({ …, networkSteps: networks.endpointSteps(endpoint) });
 *   networks.disconnect(endpoint.containerId);                                 // after the container ended
 *
 * The kernel's side of a container (veth, map elements) is undone by the teardown steps of its own plan, also when
 * no engine runs; `disconnect` frees only what the database reserves.
 */

import type { Plan, Step } from '../plan/ops.ts';
import type {
  ConnectRequest,
  CreateNetwork,
  Endpoint,
  Network,
  PortBinding,
  PortOwner,
} from './types.ts';

export type * from './types.ts';

export interface NetworkRoom {
  /** Makes the records of `bridge`, `host` and `none` where they are missing. Touches no link. */
  ensureDefault(): void;
  /** Throws `already-exists`, `invalid`, `conflict` (subnet overlaps) or `exhausted` (no subnet is free). */
  create(request: CreateNetwork): Network;
  list(): Network[];
  /** By name, id or unique id prefix; throws `not-found` with `network x not found`. */
  inspect(network: string): Network;
  /** Throws `conflict` while endpoints exist, `denied` for the predefined three. Apply `hostTeardown` first. */
  remove(network: string): void;
  /** Every reserved place in one network. */
  endpoints(network: string): Endpoint[];
  /** Every place of one container, eth0 first. */
  endpointsOf(containerId: string): Endpoint[];

  /** Host-only plan: bridge, its address, forwarding, the firewall with all networks and live ports. Idempotent. */
  hostSetup(network: string): Plan;
  /** Host-only plan that removes the bridge and the network's firewall elements. */
  hostTeardown(network: string): Plan;

  /** Reserves addresses and ports; throws `not-found`, `conflict` (port or address taken, by whom), `exhausted`. */
  connect(request: ConnectRequest): Endpoint;
  /** Steps for `LaunchRequest.networkSteps`; give all endpoints of the container at once. Pure but for the bridge's index. */
  endpointSteps(...endpoints: readonly Endpoint[]): Step[];
  /** Frees what `connect` reserved, for one network or for all; absence is success. */
  disconnect(containerId: string, network?: string): void;

  /** Who holds a host port, if anybody: a container of this engine first, else a process. */
  portOwner(binding: PortBinding): PortOwner | undefined;
}
