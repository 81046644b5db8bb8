/** `tiffin events`. */

import type { EngineEvent } from '../../spec/docker.ts';
import { textLines, withQuery } from '../client/client.ts';
import { CliError, type Command } from '../command.ts';
import { filterFlag, filtersParameter } from '../filters.ts';
import { objectFormatHelp, objectTemplate } from '../render/print-template.ts';
import { printable } from '../render/printable.ts';
import { apiTimestamp, localRfc3339 } from '../values/time.ts';

export const events: Command = {
  usage: '[OPTIONS]',
  summary: 'Get real time events from the engine',
  flags: [
    filterFlag,
    { name: 'format', kind: 'string', help: objectFormatHelp },
    {
      name: 'since',
      kind: 'string',
      help: 'Show all events created since timestamp',
      deprecated: ['-since'],
    },
    { name: 'until', kind: 'string', help: 'Stream events until this timestamp' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const format = flags.text('format');
    const fill = format === '' || format === 'json' ? undefined : objectTemplate(format);
    const target = withQuery('/events', {
      since: timestamp(flags.text('since')),
      until: timestamp(flags.text('until')),
      filters: filtersParameter(flags),
    });
    const response = await client.stream('GET', target);
    for await (const line of textLines(response.body)) {
      if (format === 'json') out.print(`${line}\n`);
      else if (fill === undefined) out.print(`${printable(eventLine(line))}\n`);
      else out.print(`${fill(JSON.parse(line))}\n`);
    }
    return 0;
  },
};

/** `2013-01-02T13:23:37.000000001Z container start <id> (image=bb, name=c1)`. */
export function eventLine(json: string): string {
  const event: EngineEvent = JSON.parse(json);
  // Nanoseconds since 1970 are more than a number holds, so they are taken from the text.
  const nanoseconds = /"timeNano"\s*:\s*([0-9]{1,20})/.exec(json)?.[1] ?? `${event.time}000000000`;
  const time = localRfc3339(Number(nanoseconds.slice(0, -9)), `.${nanoseconds.slice(-9)}`);
  const attributes = Object.entries(event.Actor.Attributes ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  const details = attributes.length === 0 ? '' : ` (${attributes.join(', ')})`;
  return `${time} ${event.Type} ${event.Action} ${event.Actor.ID}${details}`;
}

function timestamp(text: string): string | undefined {
  try {
    return apiTimestamp(text) || undefined;
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}
