/** Containers that were linked to one of the default network find each other through its hosts file, as with Docker. */

import { parseLink } from '../networks/link.ts';
import type { Parts } from '../parts.ts';

/** Names of containers that were linked to this one with `--link name:alias`, as far as they run. */
export function linkedNames(
  parts: Parts,
  links: readonly string[],
): { name: string; address: string }[] {
  return links.flatMap((link) => {
    const { target, alias } = parseLink(link);
    const container = parts.containers.find(target);
    const address = container && linkedAddress(parts, container.id);
    if (container === undefined || address === undefined) return [];
    const names = new Set([alias, container.name, container.definition.config.Hostname]);
    return [...names].map((name) => ({ name, address }));
  });
}

/** Undefined while it does not run. */
export function linkedAddress(parts: Parts, containerId: string): string | undefined {
  return parts.networks.endpointsOf(containerId).find(({ address }) => address !== '')?.address;
}

/** Whose hosts files name this container. */
export function linkedFrom(parts: Parts, id: string): string[] {
  return parts.containers
    .all()
    .filter((container) =>
      container.definition.hostConfig.Links.some(
        (link) => parts.containers.find(parseLink(link).target)?.id === id,
      ),
    )
    .map((container) => container.id);
}
