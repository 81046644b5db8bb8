/** `tiffin manifest create`. */

import type { Descriptor, Platform } from '../../spec/content.ts';
import { isIndexType } from '../../spec/image.ts';
import { familiarReference, parseReference } from '../../spec/reference.ts';
import type { Client } from '../client/client.ts';
import { readText } from '../client/client.ts';
import { CliError, type Command } from '../command.ts';
import { type ListEntry, listName, readList, writeList } from '../image/manifest-list.ts';
import { registryAuthHeader } from '../image/registry-auth.ts';

export const manifestCreate: Command = {
  usage: '[OPTIONS] MANIFEST_LIST MANIFEST [MANIFEST...]',
  summary: 'Create a local manifest list of images in a registry, for annotating and pushing',
  flags: [
    { name: 'amend', short: 'a', kind: 'bool', help: 'Amend an existing manifest list' },
    {
      name: 'insecure',
      kind: 'bool',
      help: 'Allow communication with an insecure registry',
      hidden: true,
      refused: 'say "insecure" of the registry in /etc/tiffin/registries.json instead',
    },
  ],
  args: { min: 2 },
  run: async ({ args: [list = '', ...images], flags, client, out }) => {
    const name = listName(list);
    const known = readList(name);
    if (known !== undefined && !flags.bool('amend')) {
      throw new CliError(
        `refusing to amend an existing manifest list with no --amend flag: ${familiarReference(parseReference(name))}`,
      );
    }
    const entries = new Map((known ?? []).map((entry) => [entry.from, entry]));
    for (const image of images) {
      const entry = await entryOf(client, image);
      entries.set(entry.from, entry);
    }
    writeList(name, [...entries.values()]);
    out.print(`Created manifest list ${name}\n`);
    return 0;
  },
};

/** What the registry says of an image now: the list names this one, whatever the tag means later. */
async function entryOf(client: Client, image: string): Promise<ListEntry> {
  const from = listName(image);
  const reference = parseReference(from);
  const auth = await registryAuthHeader(reference.registry);
  const headers: Record<string, string> = auth === undefined ? {} : { 'X-Registry-Auth': auth };
  const path = familiarReference(reference).split('/').map(encodeURIComponent).join('/');
  const response = await client.stream('GET', `/distribution/${path}/json`, { headers });
  const found: { Descriptor: Descriptor; Platforms: Platform[] } = JSON.parse(
    await readText(response.body),
  );
  if (isIndexType(found.Descriptor.mediaType)) {
    throw new CliError(`${image} is a manifest list itself: name its images by their digests`);
  }
  const [platform] = found.Platforms;
  const descriptor = { ...found.Descriptor, ...(platform === undefined ? {} : { platform }) };
  return { from, descriptor };
}
