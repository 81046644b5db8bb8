/** From a container's record to its plan. Reads the host, changes nothing. */

import { TiffinError } from '../../base/errors.ts';
import type { Endpoint } from '../../network/index.ts';
import type { OpOf, Plan, Step } from '../../plan/ops.ts';
import { planLaunch } from '../../runtime/planner.ts';
import type { LogConfig } from '../../spec/docker.ts';
import type { Definition } from '../containers/record.ts';
import { deviceDoor } from '../device-door.ts';
import type { Parts } from '../parts.ts';
import { containerPaths, runPaths } from '../paths.ts';
import { type SpecInput, type SpecOutput, toRuntimeSpec } from '../spec/index.ts';
import { etcFiles } from './etc-files.ts';
import { linkEnvironment } from './link-environment.ts';
import { logLimits } from './log-limits.ts';
import { mountSteps, placedMounts } from './mount-steps.ts';
import { ownUsers } from './own-users.ts';

/**
 * The plan of one start. `endpoints` are reserved already; none for host, none and shared networks. `lower` are the directories
 * of the layers, top first.
 */
export function prepareLaunch(
  parts: Parts,
  definition: Definition,
  endpoints: readonly Endpoint[],
  lower: readonly string[] = parts.images.layersOf(definition.imageId),
): Plan {
  const paths = containerPaths(parts.paths, definition.id);
  const { config, hostConfig } = definition;
  const { spec, user } = containerSpec(parts, definition);
  return planLaunch({
    id: definition.id,
    spec,
    bundle: paths.directory,
    rootfs: {
      kind: 'overlay',
      lower,
      upper: paths.upper,
      work: paths.work,
      mountpoint: paths.mountpoint,
      mapped: spec.linux?.uidMappings !== undefined,
    },
    facts: parts.facts,
    supervise: supervise(parts, definition),
    user,
    home: true,
    init: hostConfig.Init === true,
    createCwd: config.WorkingDir !== '',
    ...networkSteps(parts, endpoints),
    subpaths: subpathsOf(definition),
    sharedBinds: sharedBinds(definition),
    extraSteps: mountSteps(parts, definition),
  });
}

/** What is taken from other containers. */
type PeerLookUp = Pick<SpecInput, 'pidOf' | 'shm'>;

/** The container's own process and surroundings as the runtime specification has them. */
export function containerSpec(
  parts: Parts,
  definition: Definition,
  peers: PeerLookUp = {
    pidOf: (container) => parts.containers.livePid(container),
    shm: sharedMemory(parts, definition),
  },
): SpecOutput {
  return toRuntimeSpec({
    ...peers,
    id: definition.id,
    config: definition.config,
    host: definition.hostConfig,
    hostname: definition.config.Hostname,
    linked: linkEnvironment(parts, definition),
    rootfs: containerPaths(parts.paths, definition.id).mountpoint,
    mounts: placedMounts(parts, definition),
    users: ownUsers(definition),
    files: etcFiles(parts, definition),
    facts: parts.facts,
    devices: deviceDoor,
  });
}

function subpathsOf({ mounts }: Definition): ReadonlyMap<string, string> {
  return new Map(
    mounts.flatMap(({ destination, subpath }) =>
      subpath === undefined ? [] : [[destination, subpath]],
    ),
  );
}

function sharedBinds({ mounts }: Definition): ReadonlySet<string> {
  const shared = mounts.filter(({ propagation }) => /^r?shared$/.test(propagation));
  return new Set(shared.map(({ destination }) => destination));
}

/** Where /dev/shm comes from, unless it is the container's alone. */
function sharedMemory(parts: Parts, { id, hostConfig }: Definition): string | undefined {
  const { IpcMode: mode } = hostConfig;
  if (mode === 'shareable') return containerPaths(parts.paths, id).shm;
  if (!mode.startsWith('container:')) return undefined;
  const donor = parts.containers.get(mode.slice('container:'.length));
  const { IpcMode: shared } = donor.definition.hostConfig;
  if (shared === 'shareable') return containerPaths(parts.paths, donor.id).shm;
  if (shared === 'host') return '/dev/shm';
  throw new TiffinError(
    'conflict',
    'ipc-not-shareable',
    `cannot join IPC of container ${donor.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}

/** With an interface the network room says everything about it; without one the planner brings up loop-back. */
function networkSteps(
  parts: Parts,
  endpoints: readonly Endpoint[],
): { networkSteps?: readonly Step[] } {
  const wired = endpoints.filter((endpoint) => endpoint.interface !== '');
  return wired.length === 0 ? {} : { networkSteps: parts.networks.endpointSteps(...wired) };
}

function supervise(parts: Parts, { id, config, hostConfig }: Definition): OpOf<'supervise'> {
  const { log } = containerPaths(parts.paths, id);
  const [rows, columns] = hostConfig.ConsoleSize;
  const { maxBytes, maxFiles } = logLimits(hostConfig.LogConfig);
  return {
    op: 'supervise',
    mode: 2,
    directory: runPaths(parts.paths.runContainers, id).directory,
    log: keepsLog(hostConfig.LogConfig) ? log : '',
    logMaxBytes: BigInt(maxBytes),
    logMaxFiles: maxFiles,
    stdin: config.OpenStdin ? (config.StdinOnce ? 2 : 1) : 0,
    terminal: config.Tty ? 1 : 0,
    rows,
    columns,
    preserveFds: 0,
  };
}

export function keepsLog(log: LogConfig): boolean {
  return log.Type !== 'none';
}
