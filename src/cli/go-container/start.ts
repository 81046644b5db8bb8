/** A new container, connected and running. */

import type { ContainerCreateResponse } from '../../spec/docker.ts';
import { ApiError, type Client, readText, withQuery } from '../client/client.ts';
import type { Socket } from '../client/socket.ts';
import type { Invocation } from '../command.ts';
import { attachTo, inspectContainer, type Waiting, waitFor } from '../container/attach.ts';
import { startFailure } from '../container/failure.ts';
import { withEngineImage } from '../image-folder/engine-image.ts';
import type { FolderImage } from '../image-folder/reference.ts';
import { enterContainer, forgetRemoved } from './directory.ts';
import { archiveFailure } from './images.ts';
import type { GoOptions } from './options.ts';
import { goRequest, type NewContainer } from './request.ts';

/** The first word of the names by which the engine knows the images. */
const ROOM = 'go-container';

export interface Started {
  /** The engine's. */
  id: string;
  /** On this machine; decimal. */
  pid: string;
  connection: Socket;
  waiting: Waiting;
}

/** Nothing of our input has been read by then, so that another address can be tried. */
export async function startContainer(
  invocation: Invocation,
  options: GoOptions,
  what: { image: FolderImage; tty: boolean },
): Promise<Started> {
  forgetRemoved(options.containers);
  for (const [at, address] of options.addresses.entries()) {
    const id = crypto.randomUUID();
    try {
      return await startOnce(invocation, options, { ...what, id, address });
    } catch (error) {
      const isLast = at + 1 === options.addresses.length;
      if (isLast || !isAddressTaken(error)) throw startFailure(error, invocation.name);
    }
  }
  throw new Error('no address to try');
}

function isAddressTaken(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status === 409 &&
    /^address already in use/i.test(error.message)
  );
}

type Wanted = Omit<NewContainer, 'image'> & { image: FolderImage };

async function startOnce(
  invocation: Invocation,
  options: GoOptions,
  container: Wanted,
): Promise<Started> {
  const { client } = invocation;
  const id = await create(invocation, options, container);
  try {
    const { GraphDriver } = await inspectContainer(client, id);
    enterContainer(options.containers, container.id, GraphDriver.Data.UpperDir);
    const waiting = waitFor(client, id, 'next-exit');
    const streams = { stdin: true, stdout: true, stderr: true, detachKeys: '' };
    const [connection] = await Promise.all([attachTo(client, id, streams), waiting.listening]);
    const pid = await start(client, id);
    return { id, pid, connection, waiting };
  } catch (error) {
    // A container that never ran has nothing to look at. The first failure is the one to tell.
    const gone = client.text('DELETE', withQuery(`/containers/${id}`, { force: true }));
    await gone.catch(() => undefined);
    forgetRemoved(options.containers);
    throw error;
  }
}

/** The engine's own id, by which it can be told of whole. */
async function create(
  { client, out }: Invocation,
  options: GoOptions,
  container: Wanted,
): Promise<string> {
  const target = withQuery('/containers/create', { name: container.id });
  const asked = withEngineImage(client, container.image, ROOM, (image) => {
    const request = goRequest(options, { ...container, image });
    return client.json<ContainerCreateResponse>('POST', target, request);
  });
  const { Id, Warnings } = await asked.catch((error: unknown) => {
    throw archiveFailure(error, container.image);
  });
  for (const warning of Warnings ?? []) out.error(`WARNING: ${warning}\n`);
  return Id;
}

/** The process id comes with the answer: a short program has ended before another question. */
async function start(client: Client, id: string): Promise<string> {
  const { headers, body } = await client.stream('POST', `/containers/${id}/start`);
  await readText(body);
  return headers.get('tiffin-pid') ?? '';
}
