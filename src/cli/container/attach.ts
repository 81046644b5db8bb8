/** Attaching to a container that exists: shared by `attach` and `start -a`. */

import type { ContainerInspect, WaitResponse } from '../../spec/docker.ts';
import { type Client, readText, withQuery } from '../client/client.ts';
import { ConnectionLost, type Socket } from '../client/socket.ts';
import { CliError } from '../command.ts';
import { shortId } from '../render/words.ts';
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
    const result: WaitResponse = JSON.parse(await readText(body).catch(engineGone(id)));
    const problem = result.Error?.Message ?? '';
    if (problem !== '') throw new ValueError(`error waiting for container: ${problem}`);
    return result.StatusCode;
  });
  // A failure is told to whoever asks for the exit status; until then it is not unhandled.
  exit.catch(() => undefined);
  return { listening: response, exit };
}

/** Containers outlive the engine: say so, and how to come back. */
function engineGone(id: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ConnectionLost)) throw error;
    const name = shortId(id);
    throw new CliError(
      `the engine went away; container ${name} goes on without it\ncome back with: tiffin attach ${name}`,
      125,
    );
  };
}
