/** `tiffin inspect`, and the same for one kind of object. */

import { ApiError, type Client, withQuery } from '../client/client.ts';
import { CliError, type Command, type Invocation } from '../command.ts';
import { errorText } from '../error-text.ts';
import type { FlagSpec } from '../flags/spec.ts';
import { objectFormatHelp, objectTemplate } from '../render/print-template.ts';

type Kind = 'container' | 'image' | 'network' | 'volume';

/** Where an object of a kind is asked for; the order is the order of trying. */
const paths: Readonly<Record<Kind, (name: string) => string>> = {
  container: (name) => `/containers/${name}/json`,
  image: (name) => `/images/${name}/json`,
  network: (name) => `/networks/${name}`,
  volume: (name) => `/volumes/${name}`,
};

const KINDS: readonly Kind[] = ['container', 'image', 'network', 'volume'];

const formatFlag: FlagSpec = {
  name: 'format',
  short: 'f',
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
      throw new CliError(`"${type}" is not a valid value for --type`);
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

async function inspectAll(
  invocation: Invocation,
  kinds: readonly Kind[],
  size: boolean,
): Promise<number> {
  const { args, flags, client, out } = invocation;
  const format = flags.text('format');
  const template = format === '' || format === 'json' ? undefined : objectTemplate(format);
  const found: unknown[] = [];
  const failures: string[] = [];
  for (const name of args) {
    try {
      found.push(await inspectOne(client, name, kinds, size));
    } catch (error) {
      failures.push(errorText(error));
    }
  }
  if (template !== undefined) {
    out.print(printed(template, found, failures));
  } else {
    out.print(`${JSON.stringify(found, null, format === 'json' ? 0 : 4)}\n`);
  }
  for (const failure of failures) out.error(`${failure}\n`);
  return failures.length === 0 ? 0 : 1;
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

/** One line per object; an object that does not fit the template is a failure and prints nothing. */
function printed(
  fill: (data: unknown) => string,
  found: readonly unknown[],
  failures: string[],
): string {
  const lines: string[] = [];
  for (const data of found) {
    try {
      lines.push(fill(data));
    } catch (error) {
      failures.push(errorText(error));
    }
  }
  return `${lines.join('\n')}\n`;
}
