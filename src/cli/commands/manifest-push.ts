/** `tiffin manifest push`. */

import { familiarReference, parseReference } from '../../spec/reference.ts';
import { readText } from '../client/client.ts';
import { CliError, type Command } from '../command.ts';
import { listName, removeList, requireList } from '../image/manifest-list.ts';
import { registryAuthHeader } from '../image/registry-auth.ts';

export const manifestPush: Command = {
  usage: '[OPTIONS] MANIFEST_LIST',
  summary: 'Push a manifest list to a registry',
  flags: [
    {
      name: 'purge',
      short: 'p',
      kind: 'bool',
      help: 'Remove the local manifest list after push',
    },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args: [list = ''], flags, client, out }) => {
    const name = listName(list);
    const manifests = requireList(name);
    const unknown = manifests.find(({ descriptor }) => descriptor.platform === undefined);
    if (unknown !== undefined) {
      throw new CliError(
        `manifest ${unknown.from} must have an OS and an architecture: tiffin manifest annotate sets them`,
      );
    }
    const reference = parseReference(name);
    const auth = await registryAuthHeader(reference.registry);
    const headers: Record<string, string> = auth === undefined ? {} : { 'X-Registry-Auth': auth };
    const path = familiarReference(reference).split('/').map(encodeURIComponent).join('/');
    const response = await client.stream('PUT', `/tiffin/manifests/${path}`, {
      headers,
      body: { manifests },
    });
    const { digest } = JSON.parse(await readText(response.body));
    out.print(`${digest}\n`);
    if (flags.bool('purge')) removeList(name);
    return 0;
  },
};
