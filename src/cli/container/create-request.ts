/** The body of a create request from the flags of `run` and `create`. Throws `ValueError` with docker's words. */

import type { RestartPolicy } from '../../spec/docker.ts';
import type { FlagValues } from '../flags/values.ts';
import { ValueError } from '../values/number.ts';
import { createFlags } from './create-flags.ts';
import { parseDevice, parseThrottleBps, parseThrottleIops, parseWeight } from './devices.ts';
import { networkRequest } from './endpoints.ts';
import { collectEnv, collectLabels, pairsToObject } from './env-file.ts';
import { healthConfig } from './health.ts';
import { absoluteSource, parseMount } from './mount.ts';
import { parsePorts } from './ports.ts';
import { securityRequest } from './security.ts';
import { parseUlimit } from './ulimit.ts';

type Fields = Record<string, unknown>;

export interface CreateRequest extends Fields {
  Image: string;
  HostConfig: Fields;
  NetworkingConfig: { EndpointsConfig: Fields };
}

export function createRequest(flags: FlagValues, args: readonly string[]): CreateRequest {
  const [image = '', ...command] = args;
  const request: CreateRequest = {
    Image: image,
    HostConfig: {},
    NetworkingConfig: { EndpointsConfig: {} },
  };
  copyPlainFlags(flags, request);
  if (command.length > 0) request.Cmd = command;
  if (flags.has('entrypoint')) request.Entrypoint = [flags.text('entrypoint')];
  addStreams(flags, request);
  request.Env = collectEnv(flags.list('env-file'), flags.list('env'));
  request.Labels = collectLabels(flags.list('label-file'), flags.list('label'));
  const health = healthConfig(flags);
  if (health !== undefined) request.Healthcheck = health;
  addPorts(flags, request);
  addStorage(flags, request);
  addDevices(flags, request.HostConfig);
  addNetwork(flags, request);
  addPolicies(flags, request.HostConfig);
  return request;
}

function copyPlainFlags(flags: FlagValues, request: CreateRequest): void {
  for (const flag of createFlags) {
    const value = flag.to === undefined ? undefined : flags.given(flag.name);
    if (flag.to === undefined || value === undefined) continue;
    const inHost = flag.to.startsWith('HostConfig.');
    const field = inHost ? flag.to.slice('HostConfig.'.length) : flag.to;
    const pairs = flag.map === true && Array.isArray(value);
    (inHost ? request.HostConfig : request)[field] = pairs ? pairsToObject(value) : value;
  }
}

function addStreams(flags: FlagValues, request: CreateRequest): void {
  const attach = flags.list('attach');
  const chosen = attach.length > 0;
  const stdin = flags.bool('interactive');
  request.AttachStdin = chosen ? attach.includes('stdin') : stdin;
  request.AttachStdout = !chosen || attach.includes('stdout');
  request.AttachStderr = !chosen || attach.includes('stderr');
  request.StdinOnce = stdin && request.AttachStdin === true;
}

function addPorts(flags: FlagValues, request: CreateRequest): void {
  const ports = parsePorts(flags.list('publish'), flags.list('expose'));
  if (Object.keys(ports.exposed).length > 0) request.ExposedPorts = ports.exposed;
  if (Object.keys(ports.bindings).length > 0) request.HostConfig.PortBindings = ports.bindings;
}

function addStorage(flags: FlagValues, request: CreateRequest): void {
  const host = request.HostConfig;
  const volumes = flags.list('volume');
  const anonymous = volumes.filter((volume) => !volume.includes(':'));
  const binds = volumes.filter((volume) => volume.includes(':'));
  if (anonymous.length > 0) {
    request.Volumes = Object.fromEntries(anonymous.map((path) => [path, {}]));
  }
  if (binds.length > 0) host.Binds = binds.map(absoluteBind);
  const mounts = flags.list('mount').map(parseMount);
  if (mounts.length > 0) host.Mounts = mounts;
  const tmpfs = flags.list('tmpfs').map((text): [string, string] => {
    const colon = text.indexOf(':');
    return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  });
  if (tmpfs.length > 0) host.Tmpfs = Object.fromEntries(tmpfs);
  const storage = flags.list('storage-opt');
  if (storage.some((pair) => !pair.includes('='))) throw new ValueError('invalid storage option');
  if (storage.length > 0) host.StorageOpt = pairsToObject(storage);
}

function absoluteBind(text: string): string {
  const colon = text.indexOf(':');
  return absoluteSource(text.slice(0, colon)) + text.slice(colon);
}

const DEVICE_LIMITS: readonly [string, string, (text: string) => object][] = [
  ['blkio-weight-device', 'BlkioWeightDevice', parseWeight],
  ['device-read-bps', 'BlkioDeviceReadBps', parseThrottleBps],
  ['device-write-bps', 'BlkioDeviceWriteBps', parseThrottleBps],
  ['device-read-iops', 'BlkioDeviceReadIOps', parseThrottleIops],
  ['device-write-iops', 'BlkioDeviceWriteIOps', parseThrottleIops],
  ['device', 'Devices', parseDevice],
  ['ulimit', 'Ulimits', parseUlimit],
];

function addDevices(flags: FlagValues, host: Fields): void {
  for (const [flag, field, parse] of DEVICE_LIMITS) {
    const values = flags.list(flag).map((text) => parse(text));
    if (values.length > 0) host[field] = values;
  }
  const swappiness = flags.number('memory-swappiness');
  if (swappiness === undefined || swappiness === -1) return;
  if (swappiness < 0 || swappiness > 100) {
    throw new ValueError(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  host.MemorySwappiness = swappiness;
}

function addNetwork(flags: FlagValues, request: CreateRequest): void {
  const network = networkRequest(flags);
  request.HostConfig.NetworkMode = network.mode;
  if (network.links.length > 0) request.HostConfig.Links = network.links;
  request.NetworkingConfig.EndpointsConfig = network.endpoints;
}

const isContainer = (mode: string) => /^container:./.test(mode);

const MODES: readonly [string, string, (mode: string) => boolean][] = [
  ['pid', 'invalid PID mode', (mode) => mode === 'host' || isContainer(mode)],
  ['uts', 'invalid UTS mode', (mode) => mode === 'host'],
  ['userns', 'invalid USER mode', (mode) => mode === 'host' || mode === 'private'],
  ['cgroupns', 'invalid CGROUP mode', (mode) => mode === 'host' || mode === 'private'],
];

function addPolicies(flags: FlagValues, host: Fields): void {
  for (const [flag, message, accepts] of MODES) {
    const mode = flags.text(flag);
    if (mode !== '' && !accepts(mode)) throw new ValueError(`--${flag}: ${message}`);
  }
  const unhealthy = flags.text('on-unhealthy');
  if (unhealthy !== '') {
    host.Annotations = { ...Object(host.Annotations), 'tiffin.on-unhealthy': unhealthy };
  }
  const restart = parseRestartPolicy(flags.text('restart'));
  if (flags.bool('rm') && restart.Name !== 'no' && restart.Name !== '') {
    throw new ValueError('conflicting options: cannot specify both --restart and --rm');
  }
  host.RestartPolicy = restart;
  const security = securityRequest(flags.list('security-opt'));
  if (security.options.length > 0) host.SecurityOpt = security.options;
  if (security.unmasked) Object.assign(host, { MaskedPaths: [], ReadonlyPaths: [] });
  const driver = flags.text('log-driver');
  const options = pairsToObject(flags.list('log-opt'));
  if (driver === 'none' && Object.keys(options).length > 0) {
    throw new ValueError('invalid logging opts for driver none');
  }
  if (driver !== '' || Object.keys(options).length > 0) {
    host.LogConfig = { Type: driver, Config: options };
  }
}

/** `no`, `always`, `unless-stopped`, `on-failure[:count]`; the engine checks the name. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name = '', count, ...more] = text.split(':');
  if (text !== '' && name === '') {
    throw new ValueError('invalid restart policy format: no policy provided before colon');
  }
  if (more.length > 0) throw new ValueError('invalid restart policy format');
  if (count !== undefined && !/^-?[0-9]{1,9}$/.test(count)) {
    throw new ValueError('invalid restart policy format: maximum retry count must be an integer');
  }
  // The name goes to the engine as it is: a wrong one gets the engine's message.
  return { Name: name as RestartPolicy['Name'], MaximumRetryCount: Number(count ?? 0) };
}
