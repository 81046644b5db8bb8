/** `inspect`. */

import type { ContainerInspect } from '../../spec/docker.ts';
import { keepsLog } from '../launch/prepare.ts';
import { parseLink } from '../networks/link.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import type { Container } from './container.ts';
import { mountPoint } from './mount-record.ts';
import { networkSettings } from './network-view.ts';
import { containerSizes } from './size.ts';
import { stateView } from './state-view.ts';

export async function inspectContainer(
  parts: Parts,
  reference: string,
  size: boolean,
): Promise<ContainerInspect> {
  const container = parts.containers.get(reference);
  const { definition } = container;
  const [path = '', ...args] = [
    ...(definition.config.Entrypoint ?? []),
    ...(definition.config.Cmd ?? []),
  ];
  const files = containerPaths(parts.paths, container.id);
  const execs = parts.execs.idsOf(container.id);
  return {
    Id: container.id,
    Created: definition.created,
    Path: path,
    Args: args,
    State: stateView(container),
    Image: definition.imageId,
    ResolvConfPath: files.resolvConf,
    HostnamePath: files.hostname,
    HostsPath: files.hosts,
    LogPath: keepsLog(definition.hostConfig.LogConfig) ? files.log : '',
    Name: `/${container.name}`,
    RestartCount: container.state.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    ...(definition.manifest === undefined ? {} : { ImageManifestDescriptor: definition.manifest }),
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execs.length === 0 ? null : execs,
    HostConfig: { ...definition.hostConfig, Links: shownLinks(parts, container) },
    GraphDriver: { Name: 'overlay2', Data: graphData(parts, container) },
    ...(size ? await containerSizes(parts, container) : {}),
    Mounts: definition.mounts.map(mountPoint),
    Config: definition.config,
    NetworkSettings: networkSettings(parts, container),
  };
}

/** `/target:/owner/alias`, as docker shows them. */
function shownLinks(parts: Parts, { name, definition }: Container): string[] {
  return definition.hostConfig.Links.map(parseLink).map(({ target, alias }) => {
    const linked = parts.containers.find(target)?.name ?? target;
    return `/${linked}:/${name}/${alias}`;
  });
}

function graphData(parts: Parts, container: Container): Record<string, string> {
  const files = containerPaths(parts.paths, container.id);
  return {
    ID: container.id,
    LowerDir: parts.images.layersOf(container.definition.imageId).join(':'),
    MergedDir: files.mountpoint,
    UpperDir: files.upper,
    WorkDir: files.work,
  };
}
