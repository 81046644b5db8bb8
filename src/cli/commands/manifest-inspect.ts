/** `tiffin manifest inspect`. */

import { familiarReference, parseReference, withDefaultTag } from '../../spec/reference.ts';
import { readText } from '../client/client.ts';
import type { Command } from '../command.ts';
import { listName, readList } from '../image/manifest-list.ts';
import { registryAuthHeader } from '../image/registry-auth.ts';

export const manifestInspect: Command = {
  usage: '[OPTIONS] IMAGE',
  summary:
    'Display an image manifest, or manifest list, as the registry has it; a local list first',
  flags: [
    { name: 'verbose', short: 'v', kind: 'bool', help: 'Output its digest and platforms instead' },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const local = flags.bool('verbose') ? undefined : readList(listName(args[0] ?? ''));
    if (local !== undefined) {
      const manifests = local.map(({ descriptor }) => descriptor);
      out.print(`${JSON.stringify({ schemaVersion: 2, manifests }, undefined, 4)}\n`);
      return 0;
    }
    const reference = withDefaultTag(parseReference(args[0] ?? ''));
    const auth = await registryAuthHeader(reference.registry);
    const headers: Record<string, string> = auth === undefined ? {} : { 'X-Registry-Auth': auth };
    const name = familiarReference(reference).split('/').map(encodeURIComponent).join('/');
    const target = flags.bool('verbose')
      ? `/distribution/${name}/json`
      : `/tiffin/manifests/${name}`;
    const response = await client.stream('GET', target, { headers });
    const document: unknown = JSON.parse(await readText(response.body));
    out.print(`${JSON.stringify(document, undefined, 4)}\n`);
    return 0;
  },
};
