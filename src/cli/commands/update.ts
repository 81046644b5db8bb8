/** `tiffin update`. */

import type { ContainerUpdateResponse } from '../../spec/docker.ts';
import { CliError, type Command } from '../command.ts';
import { parseRestartPolicy } from '../container/create-request.ts';
import { resourceFlags } from '../container/resource-flags.ts';
import { forEach } from '../each.ts';
import { ValueError } from '../values/number.ts';

export const update: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Update configuration of one or more containers',
  flags: [
    ...resourceFlags,
    { name: 'restart', kind: 'string', help: 'Restart policy to apply when a container exits' },
  ],
  args: { min: 1 },
  run: async ({ args, flags: values, client, out }) => {
    if (!values.any())
      throw new CliError('you must provide one or more flags when using this command');
    const body: Record<string, unknown> = {};
    for (const { name, to = '' } of resourceFlags) {
      const value = values.given(name);
      if (value !== undefined) body[to.replace('HostConfig.', '')] = value;
    }
    if (values.has('restart')) body.RestartPolicy = restartPolicy(values.text('restart'));
    return forEach(args, out, async (name) => {
      const target = `/containers/${encodeURIComponent(name)}/update`;
      const answer = await client.json<ContainerUpdateResponse>('POST', target, body);
      for (const warning of answer.Warnings ?? []) out.error(`${warning}\n`);
      return name;
    });
  },
};

function restartPolicy(text: string): object {
  try {
    return parseRestartPolicy(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new CliError(error.message);
  }
}
