/** `tiffin logs`. */

import type { ContainerInspect } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import { CliError, type Command } from '../command.ts';
import { Demultiplexer } from '../streams/demultiplex.ts';
import { writePiece } from '../streams/pump.ts';
import { apiTimestamp } from '../values/time.ts';

export const logs: Command = {
  usage: '[OPTIONS] CONTAINER',
  summary: 'Fetch the logs of a container',
  flags: [
    { name: 'details', kind: 'bool', help: 'Show extra details provided to logs' },
    { name: 'follow', short: 'f', kind: 'bool', help: 'Follow log output' },
    {
      name: 'since',
      kind: 'string',
      help: 'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
    {
      name: 'tail',
      short: 'n',
      kind: 'string',
      help: 'Number of lines to show from the end of the logs',
      fallback: 'all',
    },
    { name: 'timestamps', short: 't', kind: 'bool', help: 'Show timestamps' },
    {
      name: 'until',
      kind: 'string',
      help: 'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const [name = ''] = args;
    const id = encodeURIComponent(name);
    const container = await client.json<ContainerInspect>('GET', `/containers/${id}/json`);
    const response = await client.stream(
      'GET',
      withQuery(`/containers/${container.Id}/logs`, {
        stdout: true,
        stderr: true,
        follow: flags.bool('follow') || undefined,
        timestamps: flags.bool('timestamps') || undefined,
        details: flags.bool('details') || undefined,
        since: timestamp('since', flags.text('since')),
        until: timestamp('until', flags.text('until')),
        tail: flags.text('tail'),
      }),
    );
    const frames = new Demultiplexer();
    for await (const bytes of response.body) {
      if (container.Config.Tty) {
        await out.write(1, bytes);
        continue;
      }
      for (const piece of frames.push(bytes)) {
        await writePiece(piece.stream, piece.bytes, { stdout: true, stderr: true, out });
      }
    }
    return 0;
  },
};

function timestamp(flag: string, text: string): string | undefined {
  try {
    return apiTimestamp(text) || undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`invalid value for "${flag}": ${reason}`);
  }
}
