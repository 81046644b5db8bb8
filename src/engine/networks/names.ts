/** What running containers ask by name goes to the network room, together with who asks. */

import type { Monitor } from '../../host/monitor.ts';
import { type Asker, upstreamServers } from '../../network/index.ts';
import type { Container } from '../containers/container.ts';
import { resolverOptions } from '../launch/etc-files.ts';
import type { Parts } from '../parts.ts';
import { parseLink } from './link.ts';

/** For the life of the connection. */
export function serveNames(parts: Parts, container: Container, monitor: Monitor): void {
  const endpoints = parts.networks.endpointsOf(container.id);
  if (!endpoints.some((endpoint) => endpoint.interface !== '')) return;
  monitor
    .serveQueries((message, transport) =>
      parts.networks.names.answer(asker(parts, container), message, transport),
    )
    // The container has ended already.
    .catch(() => undefined);
}

/** Read anew for each query: the host may have moved to another network, links may name what was made later. */
function asker(parts: Parts, container: Container): Asker {
  return {
    containerId: container.id,
    get servers() {
      return upstreamServers(resolverOptions(parts, container.definition));
    },
    get links() {
      return linkNames(parts, container);
    },
  };
}

/** `target:alias` of `--link` and of each network's own links. */
function linkNames(parts: Parts, { definition }: Container): ReadonlyMap<string, string> {
  const texts = [
    ...definition.hostConfig.Links,
    ...Object.values(definition.networks).flatMap(({ Links }) => Links ?? []),
  ];
  const names = new Map<string, string>();
  for (const text of texts) {
    const { target, alias } = parseLink(text);
    const name = parts.containers.find(target)?.name;
    if (name !== undefined) names.set(alias.toLowerCase(), name);
  }
  return names;
}
