/** `rm --link OWNER/ALIAS`: the link goes, its two containers stay. */

import { TiffinError } from '../../base/errors.ts';
import { writeHosts } from '../launch/etc-files.ts';
import { parseLink } from '../networks/link.ts';
import type { Parts } from '../parts.ts';

export async function unlinkContainer(parts: Parts, text: string): Promise<void> {
  const [owner = '', alias = ''] = text.replace(/^\//, '').split('/', 2);
  if (alias === '') {
    const message = 'Conflict, cannot remove the default link name of the container';
    throw new TiffinError('conflict', 'default-link', message, {
      hint: 'name the link as OWNER/ALIAS; without --link the container itself is removed',
    });
  }
  const container = parts.containers.get(owner);
  await container.turns.run(() => {
    const { hostConfig } = container.definition;
    const kept = hostConfig.Links.filter((link) => parseLink(link).alias !== alias);
    if (kept.length === hostConfig.Links.length) {
      throw new TiffinError(
        'not-found',
        'no-such-link-name',
        `No such link: ${text.slice(0, 256)}`,
      );
    }
    hostConfig.Links = kept;
    container.saveDefinition();
    if (container.isLive) writeHosts(parts, container, parts.networks.endpointsOf(container.id));
  });
}
