/**
 * Networks of containers: what the engine calls.
 *
 *   const networks = openNetworks({ database, dataRoot });
 *   networks.ensureDefault();
 *   await launcher.apply(encodePlan(networks.hostSetup('bridge')));   // once per network and engine life
 *   const endpoint = networks.connect({ containerId, network: 'bridge', hostname, ports });
 *   planLaunch({ …, networkSteps: networks.endpointSteps(endpoint) });
 *   networks.disconnect(containerId);                                 // after the container ended
 *
 * The kernel's side of a container (veth, map elements) is undone by the teardown steps of its own plan, also when
 * no engine runs; `disconnect` frees only what the database reserves.
 */

import type { TiffinError } from '../base/errors.ts';
import type { Database } from '../host/database.ts';
import type { Plan, Step } from '../plan/ops.ts';
import type { PortWishes } from './late.ts';
import { NetworkManager } from './manager.ts';
import type { NameService } from './names/service.ts';
import type { HostPort } from './ports.ts';
import type {
  ConnectRequest,
  CreateNetwork,
  DefaultNetwork,
  Endpoint,
  Network,
  PortBinding,
  PortOwner,
} from './types.ts';

export {
  type HostsOptions,
  hostnameFile,
  hostsFile,
  type ResolverOptions,
  resolvConf,
  upstreamServers,
} from './files.ts';
export { chooseGateway } from './gateway.ts';
export { type NetworkMode, parseNetworkMode } from './mode.ts';
export { hasNames } from './name-plan.ts';
export { endpointNames } from './names/directory.ts';
export type { Asker, NameService } from './names/service.ts';
export type { HostPort } from './ports.ts';
export type * from './types.ts';

export interface NetworkOptions {
  database: Database;
  dataRoot: string;
  /** Default true: the host is told to route between networks. */
  forward?: boolean;
}

/** Opens the room on the engine's database; its tables are made when missing. */
export function openNetworks(options: NetworkOptions): NetworkRoom {
  return new NetworkManager(options);
}

export interface NetworkRoom {
  /** Of the engine's nftables tables, in whatever family. */
  readonly tableName: string;
  /** Makes the records of `bridge`, `host` and `none` where they are missing. Touches no link. */
  ensureDefault(): void;
  /**
   * Gives the default network what is wished. The plan, of host steps, removes a bridge that is not right any more. Throws `invalid`, or
   * `conflict` when containers use the subnet that would go.
   */
  configureDefault(wish: DefaultNetwork): Plan;
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

  /**
   * Host-only plan: bridge, its address, forwarding, the firewall with all networks. Idempotent; empty for `host` and `none`.
   * The first call of an engine's life puts the ports of containers that run into the firewall too. Call it again when a start fails
   * at a `beside` netlink operation with ENOENT or ENODEV: somebody flushed the table or removed the bridge.
   */
  hostSetup(network: string): Plan;
  /**
   * Whether a step of `hostSetup` failed because this kernel has no tables for bridges; plans do without them from now on,
   * and `hostSetup` is to be asked again.
   */
  withoutGuard(step: Step | undefined, errno: number): boolean;
  /** Host-only plan that fails where the kernel cannot make what the network's containers get; empty for bridges. */
  hostProbe(network: string): Plan;
  /** Host-only plan that removes the bridge and the network's firewall elements. */
  hostTeardown(network: string): Plan;
  /** Host-only plan for an engine that ends: removes bridges without endpoints, and without any endpoint the table. */
  hostRelease(): Plan;
  /** Makes `hostSetup` put live ports into the firewall again: after a flush by somebody else. */
  forgetFirewall(): void;

  /** Reserves addresses and ports; throws `not-found`, `conflict` (port or address taken, by whom), `exhausted`. */
  connect(request: ConnectRequest): Endpoint;
  /**
   * Steps for `LaunchRequest.networkSteps`; give all endpoints of the container at once. Reads nothing but the indexes of
   * bridges. For `none` the loop-back comes up and that is all; for `host` and `container:` pass no steps at all.
   */
  endpointSteps(...endpoints: readonly Endpoint[]): Step[];
  /** Host-only plan of the same teardown, for a container whose monitor was killed and undid nothing. */
  endpointTeardown(...endpoints: readonly Endpoint[]): Plan;
  /** Beside, inside and teardown steps that wire a running container to one network more. `all`: its endpoints, the new one too. */
  joinSteps(endpoint: Endpoint, all: readonly Endpoint[]): Step[];
  /** Host and inside steps that take one endpoint away from a running container; `rest`: what it keeps. */
  leaveSteps(endpoint: Endpoint, rest: readonly Endpoint[]): Step[];
  /** The container is called otherwise from now on, in every network. */
  rename(containerId: string, from: string, to: string): void;
  /**
   * Moves a container's published ports to where its default route leads, or publishes what it could not until now;
   * `left`: ports of a place that was just disconnected. The plan, of host steps, makes it real.
   */
  settlePorts(containerId: string, wishes: PortWishes, left?: readonly PortBinding[]): Plan;
  /** Answers what containers ask by name. */
  readonly names: NameService;
  /** Frees what `connect` reserved, for one network or for all; absence is success. */
  disconnect(containerId: string, network?: string): void;
  /** Frees what nobody will ever free: reservations of those whom `isKnown` denies. */
  disconnectUnknown(isKnown: (containerId: string) => boolean): void;

  /** Who holds a host port, if anybody: a container of this engine first, else a process. */
  portOwner(port: HostPort): PortOwner | undefined;
  /** The error for a `reserve-port` step that failed with EADDRINUSE, in Docker's words and with the process that has it. */
  portTaken(port: HostPort, containerName: string | undefined): TiffinError;
}
