/** `POST /commit`: a container's changes as an image. */

import type { Call } from '../call.ts';
import { parseContainerConfig } from '../parse/container.ts';
import { bodyObject } from '../parse/fields.ts';
import { json, type Reply } from '../reply.ts';
import { splitName } from './image-transfer.ts';

export async function commitContainer({ engine, query, body }: Call): Promise<Reply> {
  const container = query.required('container');
  const document = (await body.json()) ?? undefined;
  const name = splitName(query.text('repo') ?? '', query.text('tag') ?? '');
  const Id = await engine.containers.commit(container, {
    ...name,
    comment: query.text('comment') ?? '',
    author: query.text('author') ?? '',
    pause: query.flag('pause', true),
    // Older clients send one parameter with a line per instruction.
    changes: query
      .all('changes')
      .flatMap((text) => text.split('\n'))
      .filter((line) => line.trim() !== ''),
    config: document === undefined ? undefined : parseContainerConfig(bodyObject(document)),
  });
  return json({ Id }, 201);
}
