/** `tiffin context create` and `update`. */

import { CliError, type Command } from '../command.ts';
import {
  checkHost,
  checkName,
  contextExists,
  parseEndpoint,
  readContext,
  writeContext,
} from '../context/store.ts';
import type { FlagSpec } from '../flags/spec.ts';

const endpointFlags: readonly FlagSpec[] = [
  { name: 'description', kind: 'string', help: 'Description of the context' },
  {
    name: 'docker',
    kind: 'strings',
    label: 'stringToString',
    help: 'Set the endpoint: host=unix:///path, or from=CONTEXT to copy one',
  },
];

export const contextCreate: Command = {
  usage: '[OPTIONS] CONTEXT',
  summary: 'Create a context',
  flags: [
    ...endpointFlags,
    { name: 'from', kind: 'string', help: 'Create context from a named context' },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, engine, out }) => {
    const [name = ''] = args;
    checkName(name);
    if (contextExists(name)) throw new CliError(`context ${JSON.stringify(name)} already exists`);
    const words = flags.list('docker');
    const from = flags.text('from');
    if (from !== '' && words.length > 0) {
      throw new CliError('cannot use --docker flag when --from is set');
    }
    // Without an endpoint, docker copies the context in use.
    const source = words.length > 0 ? undefined : readContext(from || engine.context());
    const host = source === undefined ? parseEndpoint(words) : source.host;
    checkHost(host);
    writeContext(name, flags.text('description') || (source?.description ?? ''), host);
    out.print(`${name}\n`);
    out.error(`Successfully created context ${JSON.stringify(name)}\n`);
    return 0;
  },
};

export const contextUpdate: Command = {
  usage: '[OPTIONS] CONTEXT',
  summary: 'Update a context',
  flags: endpointFlags,
  args: { min: 1, max: 1 },
  run: async ({ args, flags, out }) => {
    const [name = ''] = args;
    checkName(name);
    const before = readContext(name);
    const words = flags.list('docker');
    const host = words.length === 0 ? before.host : parseEndpoint(words);
    if (words.length > 0) checkHost(host);
    const description = flags.has('description') ? flags.text('description') : before.description;
    writeContext(name, description, host, before.meta);
    out.print(`${name}\n`);
    out.error(`Successfully updated context ${JSON.stringify(name)}\n`);
    return 0;
  },
};
