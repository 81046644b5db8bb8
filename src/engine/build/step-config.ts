/** A RUN as a container's definition, so that it takes the same way as `run`: same planner, profile, capabilities, networks. */

import { TiffinError } from '../../base/errors.ts';
import type { RunRequest } from '../../build/worker.ts';
import type { BuildRequest, HostConfig } from '../../spec/docker.ts';
import type { MountRecord } from '../containers/mount-record.ts';
import type { Definition } from '../containers/record.ts';
import { HOST_CONFIG_DEFAULTS } from '../spec/host-config-defaults.ts';
import { formatTime, nowNs } from '../time.ts';

/** What the client may say about all RUNs of a build. */
export type StepLimits = Pick<
  BuildRequest,
  | 'memory'
  | 'memorySwap'
  | 'cpuShares'
  | 'cpuPeriod'
  | 'cpuQuota'
  | 'cpusetCpus'
  | 'cpusetMems'
  | 'cgroupParent'
  | 'shmSize'
  | 'ulimits'
  | 'extraHosts'
  | 'securityOpt'
  | 'network'
>;

export function stepDefinition(
  id: string,
  request: RunRequest,
  limits: StepLimits,
  mounts: readonly MountRecord[],
): Definition {
  if (request.insecure) {
    throw new TiffinError('denied', 'insecure-step', 'security.insecure is not allowed', {
      hint: 'RUN --security=insecure would give the step all of the host: remove it',
    });
  }
  return {
    id,
    name: `build-${id.slice(0, 12)}`,
    created: formatTime(nowNs()),
    imageId: '',
    manifest: undefined,
    config: {
      Hostname: 'buildkitsandbox',
      Domainname: '',
      User: request.user,
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      ExposedPorts: {},
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Env: [...request.env],
      Cmd: [...request.args],
      Image: '',
      Volumes: {},
      WorkingDir: request.workingDirectory,
      Entrypoint: null,
      OnBuild: null,
      Labels: {},
    },
    hostConfig: hostConfig(request, limits),
    networks: {},
    mounts,
  };
}

function hostConfig(request: RunRequest, limits: StepLimits): HostConfig {
  const asked = request.network === 'default' ? limits.network : request.network;
  return {
    ...HOST_CONFIG_DEFAULTS,
    LogConfig: { Type: 'none', Config: {} },
    NetworkMode: asked === '' || asked === 'default' ? 'bridge' : asked,
    Memory: limits.memory,
    MemorySwap: limits.memorySwap,
    CpuShares: limits.cpuShares,
    CpuPeriod: limits.cpuPeriod,
    CpuQuota: limits.cpuQuota,
    CpusetCpus: limits.cpusetCpus,
    CpusetMems: limits.cpusetMems,
    CgroupParent: limits.cgroupParent,
    ShmSize: limits.shmSize,
    Ulimits: limits.ulimits,
    ExtraHosts: limits.extraHosts,
    SecurityOpt: limits.securityOpt,
  };
}
