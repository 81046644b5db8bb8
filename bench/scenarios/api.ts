/** The Engine API's latency: create + start + kill + wait + delete over the socket, without a network. */

import { takeTurns } from '../measure.ts';
import type { EnginePeer } from '../peers/peer.ts';
import type { Row } from '../table.ts';

export async function apiScenarios(peers: readonly EnginePeer[], rounds: number): Promise<Row[]> {
  const contenders = peers.flatMap((peer) => {
    const { socket } = peer;
    return socket === undefined
      ? []
      : [{ peer: peer.name, once: () => lifecycle(socket, peer.image) }];
  });
  return [
    {
      scenario: 'API: create + start + kill + wait + delete, no network',
      unit: 'ms',
      figures: await takeTurns(contenders, rounds),
      budget: { text: '10 ms', met: (f) => (f.get('tiffin') ?? 1e9) <= 10 },
    },
    await startRate(peers, 8, 48),
  ];
}

/** Like `run -d` on the bridge, without what a command line costs: what the engine itself takes. */
async function startRate(
  peers: readonly EnginePeer[],
  clients: number,
  total: number,
): Promise<Row> {
  const contenders = peers.flatMap((peer) => {
    const { socket } = peer;
    if (socket === undefined) return [];
    const started: string[] = [];
    return [
      {
        peer: peer.name,
        once: async () => {
          await sideBySide(clients, total, async () => {
            const body = { Image: peer.image, Cmd: ['sleep', '1000'] };
            const created = (await call(socket, 'POST', '/containers/create', body)) as {
              Id: string;
            };
            started.push(created.Id);
            await call(socket, 'POST', `/containers/${created.Id}/start`);
          });
        },
        after: async () => {
          const ids = started.splice(0);
          await sideBySide(clients, ids.length, async (index) => {
            await call(socket, 'DELETE', `/containers/${ids[index]}?force=true`);
          });
        },
      },
    ];
  });
  const figures = (await takeTurns(contenders, 3)).map((figure) => ({
    ...figure,
    median: figure.median === undefined ? undefined : (total * 1000) / figure.median,
    min: (total * 1000) / figure.max,
    max: (total * 1000) / figure.min,
  }));
  const scenario = `API: create + start on the bridge, ${clients} clients`;
  return { scenario, unit: 'starts/s', higherIsBetter: true, figures };
}

async function sideBySide(
  clients: number,
  total: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < total) {
        const index = next;
        next += 1;
        await work(index);
      }
    }),
  );
}

async function lifecycle(socket: string, image: string): Promise<void> {
  const body = { Image: image, Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none' } };
  const created = (await call(socket, 'POST', '/containers/create', body)) as { Id: string };
  await call(socket, 'POST', `/containers/${created.Id}/start`);
  await call(socket, 'POST', `/containers/${created.Id}/kill`);
  await call(socket, 'POST', `/containers/${created.Id}/wait`);
  await call(socket, 'DELETE', `/containers/${created.Id}`);
}

async function call(
  socket: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const answer = await fetch(`http://localhost/v1.41${path}`, {
    method,
    unix: socket,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.trim()}`);
  return text === '' ? undefined : JSON.parse(text);
}
