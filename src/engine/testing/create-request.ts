/** A complete create request as the API's parser would hand it over. */

import type { ContainerConfig, ContainerCreateRequest, HostConfig } from '../../spec/docker.ts';
import { HOST_CONFIG_DEFAULTS } from '../spec/host-config-defaults.ts';

export function containerConfig(own: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    Hostname: '',
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: {},
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: [],
    Cmd: ['true'],
    Image: 'starter',
    Volumes: {},
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: {},
    ...own,
  };
}

export function hostConfig(own: Partial<HostConfig> = {}): HostConfig {
  return { ...HOST_CONFIG_DEFAULTS, NetworkMode: 'none', ...own };
}

export function createRequest(
  config: Partial<ContainerConfig> = {},
  host: Partial<HostConfig> = {},
): ContainerCreateRequest {
  return {
    ...containerConfig(config),
    HostConfig: hostConfig(host),
    NetworkingConfig: { EndpointsConfig: {} },
  };
}

/** `sh -c`. */
export function shell(script: string): Partial<ContainerConfig> {
  return { Cmd: ['sh', '-c', script] };
}
