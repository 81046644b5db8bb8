/** `info`. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { arch, hostname, release } from 'node:os';
import type { SystemInfo } from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';
import { formatTime, nowNs } from '../time.ts';
import { engineId } from './engine-id.ts';
import { ENGINE_VERSION } from './version.ts';

export function systemInfo(parts: Parts): SystemInfo {
  const containers = parts.containers.all();
  const paused = containers.filter(({ state }) => state.phase === 'paused').length;
  const running = containers.filter((container) => container.isRunning).length - paused;
  const os = osRelease();
  return {
    ID: engineId(parts.database),
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: containers.length - running - paused,
    Images: parts.store.images.list().length,
    Driver: 'overlay2',
    DriverStatus: [['Mounted', 'in the mount namespace of each container']],
    DockerRootDir: parts.paths.dataRoot,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'macvlan', 'null'],
      Authorization: [],
      Log: ['journald', 'json-file', 'local', 'none', 'syslog'],
    },
    ...limitsOf(parts),
    IPv4Forwarding: readText('/proc/sys/net/ipv4/ip_forward').startsWith('1'),
    Debug: parts.settings.debug,
    NFd: readdirSync('/proc/self/fd').length,
    NGoroutines: readdirSync('/proc/self/task').length,
    SystemTime: formatTime(nowNs()),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: parts.facts.cgroup.mode === 'v2' ? '2' : '1',
    NEventsListener: parts.events.readers,
    KernelVersion: release(),
    OperatingSystem: os.get('PRETTY_NAME') ?? 'Linux',
    OSVersion: os.get('VERSION_ID') ?? '',
    OSType: 'linux',
    Architecture: MACHINES[arch()] ?? arch(),
    NCPU: parts.facts.cpuCount,
    MemTotal: parts.facts.memoryTotal,
    ...FIXED,
    Name: hostname(),
    ServerVersion: ENGINE_VERSION,
    SecurityOptions: securityOptions(parts),
    Warnings: [],
  };
}

/** As `uname -m` says it. */
const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** What is the same on every machine, or means something that this engine does not have. */
const FIXED = {
  IndexServerAddress: 'https://index.docker.io/v1/',
  RegistryConfig: {
    InsecureRegistryCIDRs: ['127.0.0.0/8', '::1/128'],
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true },
    },
    Mirrors: [],
  },
  GenericResources: [],
  HttpProxy: '',
  HttpsProxy: '',
  NoProxy: '',
  Labels: [],
  ExperimentalBuild: false,
  Runtimes: { tiffin: { path: 'tiffin', runtimeArgs: ['oci'] } },
  DefaultRuntime: 'tiffin',
  Swarm: {
    NodeID: '',
    NodeAddr: '',
    LocalNodeState: 'inactive',
    ControlAvailable: false,
    Error: '',
    RemoteManagers: null,
  },
  LiveRestoreEnabled: true,
  Isolation: '',
  InitBinary: 'tiffin',
  ContainerdCommit: { ID: '' },
  RuncCommit: { ID: '' },
  InitCommit: { ID: '' },
  FirewallBackend: { Driver: 'nftables' },
  ProductLicense: '',
  DefaultAddressPools: [],
  CDISpecDirs: [],
} satisfies Partial<SystemInfo>;

function limitsOf({ facts }: Parts) {
  const has = (controller: string): boolean =>
    facts.cgroup.v1[controller] !== undefined || facts.cgroup.controllers.includes(controller);
  return {
    MemoryLimit: has('memory'),
    SwapLimit: has('memory') && facts.swapAccounting,
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    OomKillDisable: facts.cgroup.v1.memory !== undefined,
  };
}

function securityOptions({ facts }: Parts): string[] {
  return [
    'name=seccomp,profile=builtin',
    'name=cgroupns',
    ...(facts.apparmor ? ['name=apparmor'] : []),
  ];
}

/** os-release(5). */
function osRelease(): Map<string, string> {
  const path = existsSync('/etc/os-release') ? '/etc/os-release' : '/usr/lib/os-release';
  const fields = new Map<string, string>();
  for (const line of readText(path).split('\n')) {
    const equals = line.indexOf('=');
    if (equals < 0) continue;
    fields.set(line.slice(0, equals), line.slice(equals + 1).replaceAll('"', ''));
  }
  return fields;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
