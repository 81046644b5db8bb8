/** `tiffin __complete`: what the completion scripts ask. One candidate per line, a tab, its help; `:files` for names of files. */

import type {
  ContainerSummary,
  ImageSummary,
  NetworkResource,
  VolumeListResponse,
} from '../../spec/docker.ts';
import { Client } from '../client/client.ts';
import { socketPath } from '../client/engine.ts';
import { Socket } from '../client/socket.ts';
import type { Command } from '../command.ts';
import { type Ask, complete as completeWords } from '../completion/complete.ts';
import { listContexts } from '../context/store.ts';

export const complete: Command = {
  usage: 'WORD...',
  summary: 'Tell what may stand at the cursor',
  flags: [],
  args: { min: 0 },
  takesAllWords: true,
  run: async ({ args, engine, out }) => {
    // Completing a word must not start an engine, so this connects by itself.
    const client = new Client(async () => Socket.connect(socketPath(engine.host())));
    const { candidates, files } = await completeWords(args, (source) => names(client, source));
    const written = args.at(-1) ?? '';
    const lines = candidates
      .filter(({ word }) => word.startsWith(written))
      .map(({ word, help }) => (help === '' ? word : `${word}\t${help}`));
    out.print([...lines, ...(files ? [':files'] : [])].map((line) => `${line}\n`).join(''));
    return 0;
  },
};

async function names(client: Client, source: Parameters<Ask>[0]): Promise<string[]> {
  try {
    return await lists[source](client);
  } catch {
    // No engine, or none that may be asked: there is nothing to offer, and a shell has no place for the reason.
    return [];
  }
}

const lists: Readonly<Record<Parameters<Ask>[0], (client: Client) => Promise<string[]>>> = {
  containers: (client) => containerNames(client, '/containers/json?all=1'),
  running: (client) => containerNames(client, '/containers/json'),
  images: async (client) =>
    (await client.json<ImageSummary[]>('GET', '/images/json')).flatMap(
      (image) => image.RepoTags ?? [],
    ),
  networks: async (client) =>
    (await client.json<NetworkResource[]>('GET', '/networks')).map((network) => network.Name),
  volumes: async (client) =>
    ((await client.json<VolumeListResponse>('GET', '/volumes')).Volumes ?? []).map(
      (volume) => volume.Name,
    ),
  contexts: async () => listContexts().map((context) => context.name),
};

async function containerNames(client: Client, target: string): Promise<string[]> {
  const list = await client.json<ContainerSummary[]>('GET', target);
  return list.flatMap((container) => container.Names.map((name) => name.replace(/^\//, '')));
}
