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
  ];
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
