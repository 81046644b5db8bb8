/** `tiffin stop` and `tiffin restart`. */

import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';
import type { FlagSpec } from '../flags/spec.ts';

const flags: readonly FlagSpec[] = [
  { name: 'signal', short: 's', kind: 'string', help: 'Signal to send to the container' },
  {
    name: 'timeout',
    short: 't',
    kind: 'int',
    help: 'Seconds to wait before killing the container',
    aliases: ['time'],
  },
];

function stopping(verb: 'stop' | 'restart'): Command['run'] {
  return ({ args, flags: values, client, out }) =>
    forEach(args, out, async (name) => {
      const query = { t: values.number('timeout'), signal: values.text('signal') || undefined };
      await client.text(
        'POST',
        withQuery(`/containers/${encodeURIComponent(name)}/${verb}`, query),
      );
      return name;
    });
}

export const stop: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop one or more running containers',
  flags,
  args: { min: 1 },
  run: stopping('stop'),
};

export const restart: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Restart one or more containers',
  flags,
  args: { min: 1 },
  run: stopping('restart'),
};
