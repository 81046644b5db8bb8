/** The engine's own part of the contract. */

import { checkCredentials } from '../../registry/index.ts';
import type { RegistryAuth, SystemDf } from '../../spec/docker.ts';
import { listContainers } from '../containers/list.ts';
import type { System } from '../contract.ts';
import { containerCounts } from '../images/container-counts.ts';
import { sharedSizes } from '../images/shared-size.ts';
import { imageSummary } from '../images/view.ts';
import type { Parts } from '../parts.ts';
import { measuredVolumes } from '../volumes/verbs.ts';
import { checkStore } from './check.ts';
import { eventFilter } from './events.ts';
import { systemInfo } from './info.ts';
import { systemVersion } from './version.ts';

export function systemVerbs(parts: Parts): System {
  return {
    info: async () => systemInfo(parts),
    version: systemVersion,
    login: (auth, signal) => login(auth, signal),
    df: () => dataUsage(parts),
    check: (repair) => checkStore(parts, repair),
    events: ({ sinceNs, untilNs, filters, signal }) =>
      parts.events.read({
        ...(sinceNs === undefined ? {} : { sinceNs }),
        ...(untilNs === undefined ? {} : { untilNs }),
        matches: eventFilter(filters),
        signal,
      }),
  };
}

function login(auth: RegistryAuth, signal: AbortSignal): Promise<void> {
  const server = auth.serveraddress ?? '';
  const host = server.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  const isHub = host === '' || host === 'docker.io' || host === 'index.docker.io';
  return checkCredentials(isHub ? 'docker.io' : host, auth, signal);
}

async function dataUsage(parts: Parts): Promise<SystemDf> {
  const images = parts.store.images.list();
  const uses = containerCounts(parts);
  const layers = new Set(images.flatMap((image) => image.config.diffIds));
  const shared = sharedSizes(parts.store, images);
  const [containers, volumes] = await Promise.all([
    listContainers(parts, { all: true, limit: 0, size: true, filters: new Map() }),
    measuredVolumes(parts),
  ]);
  return {
    LayersSize: [...layers].reduce((sum, diffId) => sum + parts.store.layers.size(diffId), 0),
    Images: images.map((image) => ({
      ...imageSummary(image, uses.get(image.id) ?? 0),
      SharedSize: shared.get(image.id) ?? 0,
    })),
    Containers: containers,
    Volumes: volumes,
    BuildCache: await parts.builds.cache.records(),
  };
}
