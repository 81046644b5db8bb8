/** `tiffin explain`. */

import type { Command } from '../command.ts';
import { explainContainer } from '../container/explain.ts';

export const explain: Command = {
  usage: 'CONTAINER',
  summary: "Show the steps of a container's start, with reasons and times",
  flags: [],
  args: { min: 1, max: 1 },
  run: (invocation) => explainContainer(invocation, invocation.args[0] ?? ''),
};
