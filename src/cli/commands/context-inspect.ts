/** `tiffin context inspect`. */

import type { Command } from '../command.ts';
import { contextId, DEFAULT_CONTEXT } from '../context/current.ts';
import { configDirectory } from '../context/directory.ts';
import { type Context, readContext } from '../context/store.ts';
import { printInspected } from '../render/inspected.ts';
import { objectFormatHelp } from '../render/print-template.ts';

const IN_MEMORY = '<IN MEMORY>';

export const contextInspect: Command = {
  usage: '[OPTIONS] [CONTEXT] [CONTEXT...]',
  summary: 'Display detailed information on one or more contexts',
  flags: [{ name: 'format', short: 'f', kind: 'string', help: objectFormatHelp }],
  args: { min: 0 },
  run: ({ args, flags, engine, out }) =>
    printInspected(
      args.length === 0 ? [engine.context()] : args,
      async (name) => description(readContext(name)),
      flags.text('format'),
      out,
    ),
};

function description(context: Context): object {
  const place = (part: string) =>
    context.name === DEFAULT_CONTEXT
      ? IN_MEMORY
      : `${configDirectory()}/contexts/${part}/${contextId(context.name)}`;
  return {
    ...context.meta,
    TLSMaterial: {},
    Storage: { MetadataPath: place('meta'), TLSPath: place('tls') },
  };
}
