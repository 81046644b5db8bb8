/** `--output`: where the result goes besides, or instead of, the engine's images. */

import { mkdirSync } from 'node:fs';
import type { ImageInspect } from '../../spec/docker.ts';
import type { Client } from '../client/client.ts';
import { CliError } from '../command.ts';
import { refuseTerminal, writeArchive } from '../streams/file.ts';
import type { Output } from '../streams/output.ts';
import { extractInto } from './extract.ts';
import { fieldsOf } from './request.ts';

export interface BuildOutput {
  type: 'local' | 'tar' | 'oci' | 'docker' | 'image';
  /** Empty: standard output. */
  dest: string;
  /** More names of the image. */
  name: string;
}

const TYPES = ['local', 'tar', 'oci', 'docker', 'image'] as const;

/** `type=local,dest=out`; a path alone is a directory, `-` a tar on standard output. */
export function parseOutput(text: string): BuildOutput {
  if (!text.includes('=')) {
    return text === '-'
      ? { type: 'tar', dest: '', name: '' }
      : { type: 'local', dest: text, name: '' };
  }
  const fields = fieldsOf(text, ['type', 'dest', 'name', 'tar', 'push']);
  const type = TYPES.find((word) => word === fields.get('type'));
  if (type === undefined) {
    throw new CliError(
      `unsupported output type ${JSON.stringify(fields.get('type') ?? '')}: use one of ${TYPES.join(', ')}`,
    );
  }
  if (fields.get('push') === 'true') {
    throw new CliError('push is not a part of a build here: push the image after it');
  }
  const dest = fields.get('dest') ?? '';
  if (type === 'local' && dest === '') throw new CliError('dest is required for local output');
  if (type !== 'local' && type !== 'image') {
    const stays = type === 'docker' && !fields.has('dest');
    if (!stays) refuseTerminal(dest === '-' ? '' : dest, 'write the result');
  }
  return { type, dest: dest === '-' ? '' : dest, name: fields.get('name') ?? '' };
}

/** Whether the image itself is what was asked for. */
export function keepsImage(output: BuildOutput, given: string): boolean {
  return output.type === 'image' || (output.type === 'docker' && !given.includes('dest='));
}

export async function writeOutput(
  client: Client,
  id: string,
  output: BuildOutput,
  options: { tags: readonly string[]; out: Output },
): Promise<void> {
  const { out, tags } = options;
  if (output.type === 'local') {
    mkdirSync(output.dest, { recursive: true });
    const { body } = await client.stream('GET', `/tiffin/images/${id}/rootfs`);
    await extractInto(output.dest, body);
  } else if (output.type === 'tar') {
    const { body } = await client.stream('GET', `/tiffin/images/${id}/rootfs`);
    await writeArchive(output.dest, body, out);
  } else {
    const names = tags.length > 0 ? tags : [id];
    const query = names.map((name) => `names=${encodeURIComponent(name)}`).join('&');
    const { body } = await client.stream('GET', `/images/get?${query}`);
    await writeArchive(output.dest, body, out);
  }
}

/** An image that was only a step on the way to files. */
export async function dropUnnamed(client: Client, id: string): Promise<void> {
  const image = await client.json<ImageInspect>('GET', `/images/${id}/json`);
  if ((image.RepoTags ?? []).length === 0) await client.text('DELETE', `/images/${id}`);
}
