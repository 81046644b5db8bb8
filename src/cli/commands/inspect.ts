/** `tiffin inspect`, and the same for one kind of object. */

import { ApiError, type Client, withQuery } from '../client/client.ts';
import { CliError, type Command, type Invocation } from '../command.ts';
import type { FlagSpec } from '../flags/spec.ts';
import { printInspected } from '../render/inspected.ts';
import { objectFormatHelp } from '../render/print-template.ts';

type Kind = 'container' | 'image' | 'network' | 'volume';

/** Where an object of a kind is asked for; the order is the order of trying. */
const paths: Readonly<Record<Kind, (name: string) => string>> = {
  container: (name) => `/containers/${name}/json`,
  image: (name) => `/images/${name}/json`,
  network: (name) => `/networks/${name}`,
  volume: (name) => `/volumes/${name}`,
};

const KINDS: readonly Kind[] = ['container', 'image', 'network', 'volume'];

const KNOWN_TYPES = KINDS.map((kind) => `"${kind}"`).join(', ');

const formatFlag: FlagSpec = {
  name: 'format',
  short: 'f',
  deprecated: ['-format'],
  kind: 'string',
  help: objectFormatHelp,
};
const sizeFlag: FlagSpec = {
  name: 'size',
  short: 's',
  kind: 'bool',
  help: 'Display total file sizes if the type is container',
};

export const inspect: Command = {
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  summary: 'Return low-level information on objects',
  flags: [
    formatFlag,
    sizeFlag,
    { name: 'type', kind: 'string', help: 'Only inspect objects of the given type' },
  ],
  args: { min: 1 },
  run: (invocation) => {
    const type = invocation.flags.text('type');
    const kind = KINDS.find((one) => one === type);
    if (type !== '' && kind === undefined)
      throw new CliError(`unknown type: "${type}": must be one of ${KNOWN_TYPES}`);
    return inspectAll(
      invocation,
      kind === undefined ? KINDS : [kind],
      invocation.flags.bool('size'),
    );
  },
};

function inspectKind(kind: Kind, flags: readonly FlagSpec[]): Command {
  const operand = kind.toUpperCase();
  return {
    usage: `[OPTIONS] ${operand} [${operand}...]`,
    summary: `Display detailed information on one or more ${kind}s`,
    flags: [formatFlag, ...flags],
    args: { min: 1 },
    run: (invocation) =>
      inspectAll(invocation, [kind], kind === 'container' && invocation.flags.bool('size')),
  };
}

export const containerInspect = inspectKind('container', [sizeFlag]);
export const imageInspect = inspectKind('image', []);
export const networkInspect = inspectKind('network', [
  { name: 'verbose', short: 'v', kind: 'bool', help: 'Verbose output for diagnostics' },
]);
export const volumeInspect = inspectKind('volume', []);

function inspectAll(
  { args, flags, client, out }: Invocation,
  kinds: readonly Kind[],
  size: boolean,
): Promise<number> {
  return printInspected(
    args,
    (name) => inspectOne(client, name, kinds, size),
    flags.text('format'),
    out,
  );
}

async function inspectOne(
  client: Client,
  name: string,
  kinds: readonly Kind[],
  size: boolean,
): Promise<unknown> {
  for (const kind of kinds) {
    const target = paths[kind](encodeURIComponent(name));
    const query = { size: (kind === 'container' && size) || undefined };
    try {
      return await client.json<unknown>('GET', withQuery(target, query));
    } catch (error) {
      const missing = error instanceof ApiError && error.status === 404;
      if (!missing || kinds.length === 1) throw error;
    }
  }
  throw new CliError(`Error: No such object: ${name}`);
}
