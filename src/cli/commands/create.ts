/** `tiffin create`. */

import type { Command } from '../command.ts';
import { createContainer } from '../container/create.ts';
import { createFlags } from '../container/create-flags.ts';
import { createRequest } from '../container/create-request.ts';
import { createFailure } from '../container/failure.ts';

export const create: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create a new container',
  flags: createFlags,
  args: { min: 1 },
  stopsAtFirstArgument: true,
  run: async (invocation) => {
    try {
      const request = createRequest(invocation.flags, invocation.args);
      const id = await createContainer(invocation, request);
      invocation.out.print(`${id}\n`);
      return 0;
    } catch (error) {
      throw createFailure(error, invocation.name);
    }
  },
};
