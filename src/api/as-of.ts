/** Answers as older clients know them: what later versions of the API added, moved or took away (Docker Engine API, "version history"). */

import type {
  ContainerInspect,
  ContainerSummary,
  ImageInspect,
  ImageSummary,
} from '../spec/docker.ts';

/** Minor numbers of the versions that changed something. */
const FIRST = {
  withoutNamesForNone: 43,
  withoutVirtualSize: 44,
  withoutMacInConfig: 44,
  withoutShortIdAlias: 45,
  withListedAnnotations: 46,
  withDescriptors: 48,
  withoutContainerFields: 50,
  withContainerCounts: 51,
} as const;

export function containerSummaryAsOf(version: number, summary: ContainerSummary): object {
  const { ImageManifestDescriptor, ...rest } = summary;
  if (version >= FIRST.withDescriptors) return summary;
  if (version >= FIRST.withListedAnnotations) return rest;
  return { ...rest, HostConfig: { NetworkMode: summary.HostConfig.NetworkMode } };
}

export function containerInspectAsOf(version: number, inspect: ContainerInspect): object {
  if (version >= FIRST.withDescriptors) return inspect;
  const { ImageManifestDescriptor, ...rest } = inspect;
  if (version >= FIRST.withoutShortIdAlias) return rest;
  const shown = { ...rest, NetworkSettings: settingsWithAliases(inspect) };
  if (version >= FIRST.withoutMacInConfig) return shown;
  return { ...shown, Config: { ...inspect.Config, MacAddress: macAddress(inspect) } };
}

const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none']);
const SHORT_ID = 12;

/** Networks of users listed the short id and the host name among the aliases. */
function settingsWithAliases({ Id, Config, NetworkSettings }: ContainerInspect) {
  const networks = Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => {
    if (PREDEFINED.has(name)) return [name, endpoint] as const;
    const aliases = new Set([...(endpoint.Aliases ?? []), Id.slice(0, SHORT_ID), Config.Hostname]);
    return [name, { ...endpoint, Aliases: [...aliases] }] as const;
  });
  return { ...NetworkSettings, Networks: Object.fromEntries(networks) };
}

function macAddress({ Config, NetworkSettings, HostConfig }: ContainerInspect): string {
  const endpoint = NetworkSettings.Networks[HostConfig.NetworkMode];
  return Config.MacAddress ?? endpoint?.MacAddress ?? NetworkSettings.MacAddress;
}

export function imageSummaryAsOf(version: number, summary: ImageSummary): object {
  if (version >= FIRST.withContainerCounts) return summary;
  const uncounted = { ...summary, Containers: -1 };
  if (version >= FIRST.withDescriptors) return uncounted;
  const { Descriptor, ...rest } = uncounted;
  return {
    ...rest,
    ...(version < FIRST.withoutVirtualSize && { VirtualSize: summary.Size }),
    ...(version < FIRST.withoutNamesForNone && namesForNone(summary)),
  };
}

function namesForNone({ RepoTags, RepoDigests }: ImageSummary) {
  if (RepoTags.length > 0 || RepoDigests.length > 0) return {};
  return { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] };
}

export function imageInspectAsOf(version: number, inspect: ImageInspect): object {
  if (version >= FIRST.withoutContainerFields) return inspect;
  const shown = { ...inspect, Config: { ...CONTAINER_FIELDS, ...inspect.Config } };
  if (version >= FIRST.withDescriptors) return shown;
  const { Descriptor, ...rest } = shown;
  if (version >= FIRST.withoutVirtualSize) return rest;
  return { ...rest, VirtualSize: inspect.Size, Created: inspect.Created ?? NEVER };
}

const NEVER = '0001-01-01T00:00:00Z';

/** Fields of a container that an image's configuration had, always with these values. */
const CONTAINER_FIELDS = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
};
