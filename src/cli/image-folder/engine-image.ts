/** Root file systems of the folder as images of the engine: imported at first use, found by name from then on. */

import { TiffinError } from '../../base/errors.ts';
import { ApiError, type Client, jsonLines, withQuery } from '../client/client.ts';
import { type FolderImage, type ImageReference, imageReference } from './reference.ts';

interface ProgressMessage {
  error?: string;
}

interface ListedImage {
  RepoTags?: string[];
}

/**
 * Calls `create` with a name that the engine knows the root file system by. The image is imported when the engine says that it has no
 * such image, so that a run with one that is there asks nothing more than `tiffin run` does. `room` is the first word of the name.
 */
export async function withEngineImage<T>(
  client: Client,
  image: FolderImage,
  room: string,
  create: (name: string) => Promise<T>,
): Promise<T> {
  const reference = imageReference(image, room);
  const name = `${reference.repository}:${reference.tag}`;
  try {
    return await create(name);
  } catch (error) {
    if (!isMissingImage(error)) throw error;
  }
  await importImage(client, image, reference);
  return create(name);
}

function isMissingImage(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404 && /no such image/i.test(error.message);
}

async function importImage(
  client: Client,
  image: FolderImage,
  reference: ImageReference,
): Promise<void> {
  const { rootArchive } = await import('./root-archive.ts');
  const target = withQuery('/images/create', {
    fromSrc: '-',
    repo: reference.repository,
    tag: reference.tag,
    message: `imported from ${image.path}`,
  });
  const body = await rootArchive(image);
  const response = await client.stream('POST', target, { body }).catch((error: unknown) => {
    const refused = error instanceof ApiError && error.status < 500;
    throw refused ? importFailure(image, error.message) : error;
  });
  for await (const message of jsonLines<ProgressMessage>(response.body)) {
    if (message.error) throw importFailure(image, message.error);
  }
  await dropEarlierStates(client, reference);
}

function importFailure({ name }: FolderImage, reason: string): TiffinError {
  const message = `image ${name} cannot be imported: ${reason}`;
  return new TiffinError('invalid', 'root-import-failed', message);
}

/** What the place held before is of no use to anybody, but to containers that still have it. */
async function dropEarlierStates(client: Client, reference: ImageReference): Promise<void> {
  const filters = JSON.stringify({ reference: [reference.repository] });
  const images = await client.json<ListedImage[]>('GET', withQuery('/images/json', { filters }));
  const kept = `${reference.repository}:${reference.tag}`;
  const earlier = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name !== kept);
  for (const name of earlier) {
    if (!name.startsWith(`${reference.repository}:`)) continue;
    await client.text('DELETE', `/images/${name}`).catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
    });
  }
}
