/** Images on their way: pull, import, load, save. */

import { TiffinError } from '../../base/errors.ts';
import { parseReference } from '../../spec/reference.ts';
import type { Call } from '../call.ts';
import { platformParameter } from '../image-platform.ts';
import { parseRegistryAuth } from '../registry-auth.ts';
import { type Reply, stream } from '../reply.ts';
import { progressReply } from '../stream/progress.ts';
import { started } from '../stream/started.ts';

/** `POST /images/create`: a pull with `fromImage`, an import with `fromSrc`. */
export function createImage(call: Call): Promise<Reply> {
  const image = call.query.nonEmpty('fromImage');
  if (image !== undefined) return pullImage(call, image);
  const source = call.query.required('fromSrc');
  if (source === '-') return importImage(call);
  const message = `an import from a URL is not supported: ${source}`;
  const hint = 'download the archive and send it as the body with fromSrc=-';
  throw new TiffinError('unsupported', 'no-url-import', message, { hint });
}

async function pullImage({ engine, query, header, signal }: Call, image: string): Promise<Reply> {
  const reference = withTag(image, query.text('tag') ?? '');
  const platform = query.nonEmpty('platform');
  const auth = parseRegistryAuth(header('x-registry-auth'));
  return progressReply(async (onProgress) => {
    await engine.images.pull(reference, {
      ...(platform && { platform }),
      ...(auth && { auth }),
      // Docker's rule: a name alone means the whole repository.
      allTags: isNameOnly(reference),
      onProgress,
      signal,
    });
    return [];
  });
}

export async function pushImage({ engine, path, query, header, signal }: Call): Promise<Reply> {
  const auth = parseRegistryAuth(header('x-registry-auth'));
  const tag = query.text('tag') ?? '';
  const platform = platformParameter(query.text('platform'));
  return progressReply(async (onProgress) => {
    const options = {
      tag,
      ...(platform && { platform }),
      ...(auth && { auth }),
      onProgress,
      signal,
    };
    const results = await engine.images.push(path.get('name'), options);
    return results.map((aux) => ({ progressDetail: {}, aux }));
  });
}

function isNameOnly(text: string): boolean {
  const { tag, digest } = parseReference(text);
  return tag === undefined && digest === undefined;
}

/** `tag` may be a digest. */
function withTag(image: string, tag: string): string {
  if (tag === '') return image;
  return tag.includes(':') ? `${image}@${tag}` : `${image}:${tag}`;
}

async function importImage({ engine, query, body }: Call): Promise<Reply> {
  const { repository, tag } = splitName(query.text('repo') ?? '', query.text('tag') ?? '');
  const platform = query.nonEmpty('platform');
  const options = {
    repository,
    tag,
    message: query.text('message') ?? '',
    changes: query.all('changes'),
    ...(platform && { platform }),
  };
  return progressReply(async () => [
    { status: await engine.images.import(body.stream(), options) },
  ]);
}

/** The client may send `name:tag` as the repository. A colon before the last slash belongs to a port. */
export function splitName(name: string, tag: string): { repository: string; tag: string } {
  const colon = name.lastIndexOf(':');
  if (tag !== '' || colon <= name.lastIndexOf('/')) return { repository: name, tag };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

export async function loadImages({ engine, query, body }: Call): Promise<Reply> {
  const quiet = query.flag('quiet');
  const platform = platformParameter(query.nonEmpty('platform'));
  return progressReply(async (report) => {
    const onProgress = quiet ? () => undefined : report;
    const loaded = await engine.images.load(body.stream(), onProgress, platform);
    return loaded.map((line) => ({ stream: `${line}\n` }));
  });
}

export async function saveImage({ engine, path, query }: Call): Promise<Reply> {
  const platform = platformParameter(query.text('platform'));
  return saveArchive(engine.images.save([path.get('name')], platform));
}

/** Names repeat the parameter or are separated by commas. */
export async function saveImages({ engine, query }: Call): Promise<Reply> {
  const names = query.all('names').flatMap((list) => list.split(','));
  const wanted = names.filter((name) => name !== '');
  if (wanted.length === 0) {
    throw new TiffinError('invalid', 'missing-parameter', 'bad parameter: names is required');
  }
  const platform = platformParameter(query.text('platform'));
  return saveArchive(engine.images.save(wanted, platform));
}

async function saveArchive(archive: AsyncIterable<Uint8Array>): Promise<Reply> {
  return stream('application/x-tar', await started(archive));
}
