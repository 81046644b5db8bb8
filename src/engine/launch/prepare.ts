/** From a container's record to its plan. Reads the host, changes nothing. */

import type { Endpoint } from '../../network/index.ts';
import type { OpOf, Plan, Step } from '../../plan/ops.ts';
import { planLaunch } from '../../runtime/planner.ts';
import type { LogConfig } from '../../spec/docker.ts';
import type { Definition } from '../containers/record.ts';
import { deviceDoor } from '../device-door.ts';
import type { Parts } from '../parts.ts';
import { containerPaths, runPaths } from '../paths.ts';
import { type SpecOutput, toRuntimeSpec } from '../spec/index.ts';
import { etcFiles } from './etc-files.ts';
import { logLimits } from './log-limits.ts';

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
    },
    facts: parts.facts,
    supervise: supervise(parts, definition),
    user,
    home: true,
    init: hostConfig.Init === true,
    createCwd: config.WorkingDir !== '',
    ...networkSteps(parts, endpoints),
    extraSteps: copyUpSteps(definition),
  });
}

/** The container's own process and surroundings as the runtime specification has them. */
export function containerSpec(parts: Parts, definition: Definition): SpecOutput {
  return toRuntimeSpec({
    id: definition.id,
    config: definition.config,
    host: definition.hostConfig,
    hostname: definition.config.Hostname,
    rootfs: containerPaths(parts.paths, definition.id).mountpoint,
    mounts: definition.mounts,
    files: etcFiles(parts, definition),
    pidOf: (container) => parts.containers.livePid(container),
    facts: parts.facts,
    devices: deviceDoor,
  });
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

/** The first container with an empty volume fills it with what its image has there. */
function copyUpSteps({ mounts }: Definition): Step[] {
  return mounts
    .filter((mount) => mount.type === 'volume' && mount.copyUp)
    .map((mount) => ({
      stage: 'inside',
      op: { op: 'copy-up', path: mount.destination, destination: mount.source },
      why: `an empty volume starts with what the image has at ${mount.destination}`,
    }));
}
