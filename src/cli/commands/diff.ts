/** `tiffin diff`. */

import type { Command } from '../command.ts';

const LETTERS = ['C', 'A', 'D'];

export const diff: Command = {
  usage: 'CONTAINER',
  summary: "Inspect changes to files or directories on a container's filesystem",
  flags: [],
  args: { min: 1, max: 1 },
  run: async ({ args, client, out }) => {
    const [container = ''] = args;
    const target = `/containers/${encodeURIComponent(container)}/changes`;
    const changes = await client.json<{ Path: string; Kind: number }[] | null>('GET', target);
    for (const { Path, Kind } of changes ?? []) out.print(`${LETTERS[Kind] ?? '?'} ${Path}\n`);
    return 0;
  },
};
