/** A complete create request as the API's parser would hand it over. */

import type { ContainerConfig, ContainerCreateRequest, HostConfig } from '../../spec/docker.ts';

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
  return {
    CpuShares: 0,
    Memory: 0,
    CgroupParent: '',
    BlkioWeight: 0,
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [],
    BlkioDeviceReadIOps: [],
    BlkioDeviceWriteIOps: [],
    CpuPeriod: 0,
    CpuQuota: 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: '',
    CpusetMems: '',
    Devices: [],
    DeviceCgroupRules: [],
    DeviceRequests: [],
    MemoryReservation: 0,
    MemorySwap: 0,
    MemorySwappiness: null,
    NanoCpus: 0,
    OomKillDisable: null,
    PidsLimit: null,
    Ulimits: [],
    Binds: [],
    ContainerIDFile: '',
    LogConfig: { Type: '', Config: {} },
    NetworkMode: 'none',
    PortBindings: {},
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: false,
    VolumeDriver: '',
    VolumesFrom: [],
    Mounts: [],
    ConsoleSize: [0, 0],
    Annotations: {},
    CapAdd: [],
    CapDrop: [],
    CgroupnsMode: 'private',
    Dns: [],
    DnsOptions: [],
    DnsSearch: [],
    ExtraHosts: [],
    GroupAdd: [],
    IpcMode: '',
    Cgroup: '',
    Links: [],
    OomScoreAdj: 0,
    PidMode: '',
    Privileged: false,
    PublishAllPorts: false,
    ReadonlyRootfs: false,
    SecurityOpt: [],
    StorageOpt: {},
    Tmpfs: {},
    UTSMode: '',
    UsernsMode: '',
    ShmSize: 0,
    Sysctls: {},
    Runtime: '',
    Isolation: '',
    MaskedPaths: null,
    ReadonlyPaths: null,
    Init: null,
    ...own,
  };
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
