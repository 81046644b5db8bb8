/** `ps`. */

import type { ContainerListOptions, ContainerSummary } from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import { containerFilter } from './filter.ts';
import { mountPoint } from './mount-record.ts';
import { networkMap, portList } from './network-view.ts';
import { containerSizes } from './size.ts';
import { statusOf, statusText } from './state-view.ts';

/** Newest first. */
export async function listContainers(
  parts: Parts,
  options: ContainerListOptions,
): Promise<ContainerSummary[]> {
  const { filters, limit } = options;
  const matches = containerFilter(parts, filters);
  const everything = options.all || limit > 0 || filters.has('status') || filters.has('exited');
  const found = parts.containers
    .all()
    .reverse()
    .filter((container) => (everything || container.isRunning) && matches(container));
  const shown = limit > 0 ? found.slice(0, limit) : found;
  const nowMs = Date.now();
  return Promise.all(
    shown.map(async (container) => ({
      ...summarize(parts, container, nowMs),
      ...(options.size ? await containerSizes(parts, container) : {}),
    })),
  );
}

export function summarize(parts: Parts, container: Container, nowMs: number): ContainerSummary {
  const { definition } = container;
  const endpoints = parts.networks.endpointsOf(container.id);
  const { Annotations: annotations, NetworkMode } = definition.hostConfig;
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: definition.config.Image,
    ImageID: definition.imageId,
    ...(definition.manifest === undefined ? {} : { ImageManifestDescriptor: definition.manifest }),
    Command: commandText(container),
    Created: Math.trunc(Date.parse(definition.created) / 1000),
    Ports: portList(container, endpoints),
    Labels: definition.config.Labels,
    State: statusOf(container),
    Status: statusText(container, nowMs),
    HostConfig: {
      NetworkMode,
      ...(Object.keys(annotations).length === 0 ? {} : { Annotations: annotations }),
    },
    NetworkSettings: { Networks: networkMap(parts, container, endpoints) },
    Mounts: definition.mounts.map(mountPoint),
  };
}

/** As one would type it; an argument with spaces in single quotes. */
function commandText({ definition }: Container): string {
  const words = [...(definition.config.Entrypoint ?? []), ...(definition.config.Cmd ?? [])];
  return words.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ');
}
