/** `tiffin stats`. */

import type { ContainerStats, ContainerSummary } from '../../spec/docker.ts';
import { ApiError, type Client, jsonLines, withQuery } from '../client/client.ts';
import type { Command, Invocation } from '../command.ts';
import { inspectContainer } from '../container/attach.ts';
import { errorText } from '../error-text.ts';
import { formatFlag, renderList } from '../render/list.ts';
import { type StatsName, statsList, statsRow } from '../render/stats-row.ts';
import { isTerminal } from '../streams/terminal.ts';

const REFRESH_MS = 500;
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export const stats: Command = {
  usage: '[OPTIONS] [CONTAINER...]',
  summary: 'Display a live stream of container(s) resource usage statistics',
  flags: [
    {
      name: 'all',
      short: 'a',
      kind: 'bool',
      help: 'Show all containers (default shows just running)',
    },
    formatFlag,
    {
      name: 'no-stream',
      kind: 'bool',
      help: 'Disable streaming stats and only pull the first result',
    },
    { name: 'no-trunc', kind: 'bool', help: 'Do not truncate output' },
  ],
  args: { min: 0 },
  run: (invocation) =>
    invocation.flags.bool('no-stream') ? printOnce(invocation) : printLive(invocation),
};

async function printOnce(invocation: Invocation): Promise<number> {
  const { flags, client, out } = invocation;
  const names = await chosen(invocation);
  const rows = await Promise.all(
    names.map(async (name) => {
      const target = withQuery(`/containers/${name.id}/stats`, { stream: false });
      const reading = await client.json<ContainerStats>('GET', target);
      return statsRow(name, reading, flags.bool('no-trunc'));
    }),
  );
  out.print(renderList(statsList, rows, flags.text('format'), false));
  return 0;
}

async function printLive(invocation: Invocation): Promise<number> {
  const { args, flags, client, out } = invocation;
  const latest = new Map<string, { name: StatsName; reading: ContainerStats | undefined }>();
  const followAll = async () => {
    const names = await chosen(invocation);
    const known = new Set(names.map((name) => name.id));
    for (const id of latest.keys()) if (args.length === 0 && !known.has(id)) latest.delete(id);
    for (const name of names.filter((one) => !latest.has(one.id))) {
      const entry = { name, reading: undefined };
      latest.set(name.id, entry);
      follow(client, name.id, entry).catch((error: unknown) => {
        latest.delete(name.id);
        // A container that went away while we looked is no failure.
        if (!(error instanceof ApiError)) out.error(`${errorText(error)}\n`);
      });
    }
  };
  await followAll();
  const screen = isTerminal(1);
  if (screen) out.print('\x1b[2J');
  while (args.length === 0 || latest.size > 0) {
    const rows = [...latest.values()].map(({ name, reading }) =>
      statsRow(name, reading, flags.bool('no-trunc')),
    );
    const text = renderList(statsList, rows, flags.text('format'), false);
    out.print(screen ? HOME + text.replaceAll('\n', `${CLEAR_LINE}\n`) + CLEAR_BELOW : text);
    await Bun.sleep(REFRESH_MS);
    if (args.length === 0) await followAll();
  }
  return 0;
}

async function follow(
  client: Client,
  id: string,
  entry: { reading: ContainerStats | undefined },
): Promise<void> {
  const response = await client.stream(
    'GET',
    withQuery(`/containers/${id}/stats`, { stream: true }),
  );
  for await (const reading of jsonLines<ContainerStats>(response.body)) {
    entry.reading = reading;
  }
}

async function chosen({ args, flags, client }: Invocation): Promise<StatsName[]> {
  if (args.length > 0) {
    return Promise.all(
      args.map(async (asked) => {
        const container = await inspectContainer(client, asked);
        return { id: container.Id, name: container.Name.replace(/^\//, ''), asked };
      }),
    );
  }
  const query = { all: flags.bool('all') || undefined };
  const list = await client.json<ContainerSummary[]>('GET', withQuery('/containers/json', query));
  return list.map((container) => {
    const name = (container.Names[0] ?? '').replace(/^\//, '');
    return { id: container.Id, name, asked: name };
  });
}
