/** Containers that were linked to one of the default network find each other through its hosts file, as with Docker. */

import type { Parts } from '../parts.ts';

/** Names of containers that were linked to this one with `--link name:alias`, as far as they run. */
export function linkedNames(
  parts: Parts,
  links: readonly string[],
): { name: string; address: string }[] {
  return links.flatMap((link) => {
    const [target = '', alias = target] = link.split(':');
    const container = parts.containers.find(target);
    if (container === undefined) return [];
    const address = parts.networks
      .endpointsOf(container.id)
      .find((one) => one.address !== '')?.address;
    if (address === undefined) return [];
    const names = new Set([alias, container.name, container.definition.config.Hostname]);
    return [...names].map((name) => ({ name, address }));
  });
}

/** Whose hosts files name this container. */
export function linkedFrom(parts: Parts, id: string): string[] {
  return parts.containers
    .all()
    .filter((container) =>
      container.definition.hostConfig.Links.some(
        (link) => parts.containers.find(link.split(':')[0] ?? '')?.id === id,
      ),
    )
    .map((container) => container.id);
}
