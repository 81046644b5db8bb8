/** `tiffin context ls` and `show`. */

import type { Command } from '../command.ts';
import { overridingVariable } from '../context/current.ts';
import { listContexts } from '../context/store.ts';
import { formatFlag, type ListFormat, printList } from '../render/list.ts';

const contextList: ListFormat = {
  type: 'context',
  id: 'Name',
  columns: ['Name', 'Description', 'DockerEndpoint', 'Error'],
  headers: {
    Name: 'NAME',
    Description: 'DESCRIPTION',
    DockerEndpoint: 'DOCKER ENDPOINT',
    Current: 'CURRENT',
    Error: 'ERROR',
  },
};

export const contextLs: Command = {
  usage: '[OPTIONS]',
  summary: 'List contexts',
  flags: [formatFlag, { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show context names' }],
  args: { min: 0, max: 0 },
  run: async ({ flags, engine, out }) => {
    const current = engine.context();
    const format = flags.text('format');
    const quiet = flags.bool('quiet');
    // Only the table marks the one in use by a star: a template has `.Current`.
    const marked = !quiet && (format === '' || format.startsWith('table'));
    const rows = listContexts().map((context) => ({
      Name: marked && context.name === current ? `${context.name} *` : context.name,
      Description: context.description,
      DockerEndpoint: context.host,
      Current: context.name === current,
      Error: '',
    }));
    printList(contextList, rows, { format, quiet, out });
    const variable = overridingVariable();
    if (variable !== undefined && !quiet) {
      out.error(
        `Warning: ${variable} environment variable overrides the active context. To use a context, either set the global --context flag, or unset ${variable} environment variable.\n`,
      );
    }
    return 0;
  },
};

export const contextShow: Command = {
  usage: '',
  summary: 'Print the name of the current context',
  flags: [],
  args: { min: 0, max: 0 },
  run: async ({ engine, out }) => {
    out.print(`${engine.context()}\n`);
    return 0;
  },
};
