/** Attaching to a container that exists: shared by `attach` and `start -a`. */

import type { ContainerInspect, WaitResponse } from '../../spec/docker.ts';
import { type Client, readText, withQuery } from '../client/client.ts';
import type { Socket } from '../client/socket.ts';
import { ValueError } from '../values/number.ts';

export function inspectContainer(client: Client, name: string): Promise<ContainerInspect> {
  return client.json<ContainerInspect>('GET', `/containers/${encodeURIComponent(name)}/json`);
}

export interface AttachStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  detachKeys: string;
}

export function attachTo(client: Client, id: string, streams: AttachStreams): Promise<Socket> {
  return client.hijack(
    withQuery(`/containers/${id}/attach`, {
      stream: true,
      stdin: streams.stdin || undefined,
      stdout: streams.stdout || undefined,
      stderr: streams.stderr || undefined,
      detachKeys: streams.detachKeys || undefined,
    }),
  );
}

export interface Waiting {
  /** Resolves when the engine has begun to wait, so that a short container is not missed. */
  listening: Promise<unknown>;
  exit: Promise<number>;
}

export function waitFor(
  client: Client,
  id: string,
  condition: 'removed' | 'next-exit' | 'not-running',
): Waiting {
  const response = client.stream('POST', withQuery(`/containers/${id}/wait`, { condition }));
  const exit = response.then(async ({ body }) => {
    const result: WaitResponse = JSON.parse(await readText(body));
    const problem = result.Error?.Message ?? '';
    if (problem !== '') throw new ValueError(`error waiting for container: ${problem}`);
    return result.StatusCode;
  });
  // A failure is told to whoever asks for the exit status; until then it is not unhandled.
  exit.catch(() => undefined);
  return { listening: response, exit };
}
