/** `tiffin push`. */

import { familiarName, formatReference, parseReference } from '../../spec/reference.ts';
import { jsonLines, withQuery } from '../client/client.ts';
import { CliError, type Command } from '../command.ts';
import { oldTagFlag, withOldTag } from '../image/old-tag.ts';
import { registryAuthHeader } from '../image/registry-auth.ts';
import { type ProgressMessage, showProgress } from '../render/progress.ts';

export const push: Command = {
  usage: '[OPTIONS] NAME[:TAG]',
  summary: 'Upload an image to a registry',
  flags: [
    {
      name: 'all-tags',
      short: 'a',
      kind: 'bool',
      help: 'Push all tags of an image to the repository',
    },
    { name: 'platform', kind: 'string', help: 'Push only the given platform (os/arch[/variant])' },
    oldTagFlag,
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Suppress verbose output' },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const name = withOldTag(args[0] ?? '', flags);
    const reference = parseReference(name);
    const all = flags.bool('all-tags');
    const quiet = flags.bool('quiet');
    if (all && reference.tag !== undefined) {
      throw new CliError("tag can't be used with --all-tags/-a");
    }
    const tag = all ? undefined : (reference.tag ?? 'latest');
    if (!all && reference.tag === undefined && reference.digest === undefined && !quiet) {
      out.print(`Using default tag: ${tag}\n`);
    }
    const auth = await registryAuthHeader(reference.registry);
    // The header must be there, as docker's engine has it, even without credentials.
    const headers = { 'X-Registry-Auth': auth ?? Buffer.from('{}').toString('base64url') };
    const path = `/images/${familiarName(reference).split('/').map(encodeURIComponent).join('/')}/push`;
    if (reference.digest !== undefined) throw new CliError('cannot push a digest reference');
    const platform = flags.text('platform') || undefined;
    const response = await client.stream('POST', withQuery(path, { tag, platform }), { headers });
    await showProgress(jsonLines<ProgressMessage>(response.body), { fd: 1, quiet, out });
    if (quiet) out.print(`${formatReference({ ...reference, ...(tag && { tag }) })}\n`);
    return 0;
  },
};
