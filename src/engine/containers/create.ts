/** `create`: everything about a container is decided and checked here; nothing of it runs yet. */

import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { TiffinError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type {
  ContainerConfig,
  ContainerCreateRequest,
  ContainerCreateResponse,
  HostConfig,
} from '../../spec/docker.ts';
import { parseSignal } from '../../spec/signals.ts';
import type { ResolvedImage } from '../images/room.ts';
import { logLimits } from '../launch/log-limits.ts';
import { imageLayer } from '../launch/mount-steps.ts';
import { ownUsers } from '../launch/own-users.ts';
import { deliveryOf } from '../logs/delivery.ts';
import { checkNetworks, joinedNetworks } from '../networks/joined-networks.ts';
import { parseLink } from '../networks/link.ts';
import { toPortRequests } from '../networks/ports.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import { hostnameOf } from '../spec/index.ts';
import { namespaceModes } from '../spec/namespaces.ts';
import { commandLine, toRlimits } from '../spec/process.ts';
import {
  effectiveCapabilities,
  MASKED_PATHS,
  parseSecurityOptions,
  READONLY_PATHS,
} from '../spec/security.ts';
import { toSysctls } from '../spec/sysctls.ts';
import { parseUser } from '../spec/user.ts';
import { validateOwnUsers } from '../spec/user-namespace.ts';
import { validateHealth } from '../spec/validate-health.ts';
import { validateNames } from '../spec/validate-names.ts';
import { validateOptions } from '../spec/validate-options.ts';
import { validateResources } from '../spec/validate-resources.ts';
import { formatTime, nowNs } from '../time.ts';
import { Container } from './container.ts';
import { emitContainer } from './container-events.ts';
import { logAttributes } from './log-attributes.ts';
import { findMountedImages, mountAll } from './make-mounts.ts';
import { mergeImage } from './merge-image.ts';
import { generateName, isContainerName } from './names.ts';
import { type Definition, initialState } from './record.ts';
import { unhealthyAction } from './unhealthy.ts';

export async function createContainer(
  parts: Parts,
  request: ContainerCreateRequest,
  name: string | undefined,
  platform: string | undefined,
): Promise<ContainerCreateResponse> {
  const image = await parts.images.resolve(request.Image, platform);
  validateRequest(request);
  const mounted = await findMountedImages(parts, request.HostConfig);
  const id = newId();
  const chosen = chooseName(parts, name);
  parts.containers.reserve(chosen, id);
  try {
    const definition = define(parts, { request, image, id, name: chosen });
    validate(parts, definition);
    const mounts = mountAll(parts, definition, mounted);
    store(parts, { ...definition, mounts });
  } finally {
    parts.containers.release(chosen);
  }
  return { Id: id, Warnings: warnings(parts, request.HostConfig) };
}

/** The configuration that a container of this request would have; nothing is kept. */
export function define(
  parts: Parts,
  input: { request: ContainerCreateRequest; image: ResolvedImage; id: string; name: string },
): Definition {
  const { HostConfig: hostConfig, NetworkingConfig: networking, ...own } = input.request;
  const config = mergeImage(own, input.image.config.config);
  const mode = hostConfig.NetworkMode;
  const host: HostConfig = {
    ...hostConfig,
    NetworkMode:
      config.NetworkDisabled === true
        ? 'none'
        : mode === '' || mode === 'default'
          ? parts.settings.network
          : mode,
  };
  return {
    id: input.id,
    name: input.name,
    created: formatTime(nowNs()),
    imageId: input.image.id,
    manifest: input.image.manifest,
    config: { ...config, Hostname: chooseHostname(parts, config, host, input.id) },
    hostConfig: joinedById(parts, withPaths(host)),
    networks: joinedNetworks(parts, host, networking.EndpointsConfig),
    mounts: [],
  };
}

/** The hidden and read-only paths are written down, so that everybody sees which they are. */
function withPaths(host: HostConfig): HostConfig {
  if (host.Privileged) return host;
  return {
    ...host,
    MaskedPaths: host.MaskedPaths ?? [...MASKED_PATHS],
    ReadonlyPaths: host.ReadonlyPaths ?? [...READONLY_PATHS],
  };
}

/** Whoever shares a network is known in it by one name. */
function chooseHostname(
  parts: Parts,
  config: ContainerConfig,
  host: HostConfig,
  id: string,
): string {
  const shared = parts.containers.find(host.NetworkMode.slice('container:'.length));
  if (host.NetworkMode.startsWith('container:') && shared !== undefined) {
    return shared.definition.config.Hostname;
  }
  return hostnameOf(config, host, id, hostname());
}

function chooseName(parts: Parts, name: string | undefined): string {
  if (name === undefined || name === '') {
    return generateName((candidate) => parts.containers.hasName(candidate));
  }
  const plain = name.startsWith('/') ? name.slice(1) : name;
  if (!isContainerName(plain)) throw badName(plain);
  return plain;
}

export function badName(name: string): TiffinError {
  return new TiffinError(
    'invalid',
    'bad-name',
    `Invalid container name (${name.slice(0, 256)}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  );
}

/** `container:<name>` becomes `container:<id>`, so that a rename of the other one changes nothing. */
function joinedById(parts: Parts, host: HostConfig): HostConfig {
  const byId = (mode: string): string => {
    if (!mode.startsWith('container:')) return mode;
    const name = mode.slice('container:'.length);
    const peer = parts.containers.find(name);
    // «Not found» would make Docker's client pull the image.
    if (peer === undefined) throw noSuchPeer(name);
    return `container:${peer.id}`;
  };
  return {
    ...host,
    NetworkMode: byId(host.NetworkMode),
    PidMode: byId(host.PidMode),
    IpcMode: byId(host.IpcMode),
  };
}

function noSuchPeer(name: string): TiffinError {
  const shown = name.slice(0, 256);
  const message = `cannot join namespaces of container ${shown}: No such container: ${shown}`;
  return new TiffinError('invalid', 'no-such-peer', message);
}

/** What an image says is not refused here: its containers must be stoppable all the same. */
function validateRequest({ StopSignal, Hostname, HostConfig }: ContainerCreateRequest): void {
  if (StopSignal !== undefined) parseSignal(StopSignal);
  if (HostConfig.UTSMode === 'host' && Hostname !== '') {
    const message = 'conflicting options: hostname and the UTS mode';
    throw new TiffinError('invalid', 'bad-mode', message);
  }
}

/** Refuses now what would fail at every start. */
export function validate(parts: Parts, definition: Definition): void {
  const { config, hostConfig } = definition;
  commandLine(config);
  parseUser(config.User, hostConfig.GroupAdd);
  validateResources(hostConfig, parts.facts);
  const modes = namespaceModes(hostConfig);
  validateOwnUsers(hostConfig, modes, definition.mounts);
  ownUsers(definition);
  toSysctls(hostConfig.Sysctls, modes);
  toRlimits(hostConfig.Ulimits);
  parseSecurityOptions(hostConfig.SecurityOpt);
  effectiveCapabilities(hostConfig, parts.facts);
  toPortRequests(hostConfig.PortBindings);
  validateWorkingDirectory(config);
  validateNames(config, hostConfig);
  validateOptions(hostConfig, parts.facts);
  validateHealth(config.Healthcheck);
  logLimits(hostConfig.LogConfig);
  logAttributes(definition);
  deliveryOf(definition);
  unhealthyAction(hostConfig);
  validateRestart(hostConfig);
  validateLinks(parts, hostConfig);
  if (modes.network.kind === 'private') {
    checkNetworks(parts, hostConfig.NetworkMode, definition.networks);
  }
}

function validateWorkingDirectory(config: ContainerConfig): void {
  const directory = config.WorkingDir;
  if (directory === '' || directory.startsWith('/')) return;
  throw new TiffinError(
    'invalid',
    'bad-working-directory',
    `the working directory '${directory.slice(0, 256)}' is invalid, it needs to be an absolute path`,
  );
}

function validateLinks(parts: Parts, host: HostConfig): void {
  for (const link of host.Links) {
    const { target } = parseLink(link);
    if (parts.containers.find(target) !== undefined) continue;
    const message = `could not get container for ${target.slice(0, 256)}: No such container: ${target.slice(0, 256)}`;
    throw new TiffinError('invalid', 'no-such-link', message);
  }
}

function validateRestart(host: HostConfig): void {
  const { Name: name, MaximumRetryCount: retries } = host.RestartPolicy;
  if (host.AutoRemove && name !== '' && name !== 'no') {
    const message = "can't create 'AutoRemove' container with restart policy";
    throw new TiffinError('invalid', 'bad-restart-policy', message);
  }
  if (retries !== 0 && name !== 'on-failure') {
    const message =
      retries < 0
        ? 'invalid restart policy: maximum retry count cannot be negative'
        : `invalid restart policy: maximum retry count can only be used with 'on-failure'`;
    throw new TiffinError('invalid', 'bad-restart-policy', message);
  }
}

/** Directories first, then the row: what a crash leaves without a row is removed by the next engine. */
function store(parts: Parts, definition: Definition): void {
  const paths = containerPaths(parts.paths, definition.id);
  mkdirSync(paths.directory, { mode: 0o700 });
  // The container's root directory: its users must be able to pass.
  mkdirSync(paths.upper, { mode: 0o755 });
  mkdirSync(paths.work, { mode: 0o700 });
  mkdirSync(paths.mountpoint, { mode: 0o700 });
  for (const [index, mount] of definition.mounts.entries()) {
    if (mount.image === undefined) continue;
    const { upper, work, root } = imageLayer(paths.directory, index);
    mkdirSync(upper, { recursive: true, mode: 0o755 });
    for (const path of [work, root]) mkdirSync(path, { mode: 0o700 });
  }
  const container = new Container(definition, initialState(), parts.table);
  parts.table.insert(definition, container.state);
  parts.containers.add(container);
  emitContainer(parts, container, 'create');
}

function warnings(parts: Parts, host: HostConfig): string[] {
  const list: string[] = [];
  if (host.Memory > 0 && !parts.facts.swapAccounting) {
    list.push(
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    );
  }
  if (host.LogConfig.Config.compress === 'true') {
    list.push(
      'Log option compress: rotated logs are kept as they are; max-size and max-file bound them.',
    );
  }
  return list;
}
