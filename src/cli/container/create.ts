/** Creating a container, with the pull that a missing image needs. */

import { closeSync, existsSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { ContainerCreateResponse } from '../../spec/docker.ts';
import { ApiError, withQuery } from '../client/client.ts';
import { CliError, type Invocation } from '../command.ts';
import { ValueError } from '../values/number.ts';
import type { CreateRequest } from './create-request.ts';
import { openFailure } from './env-file.ts';

const PULL_POLICIES = new Set(['always', 'missing', 'never']);

/** Creates and returns the id. Warnings go to standard error, the id to `--cidfile`. */
export async function createContainer(
  invocation: Invocation,
  request: CreateRequest,
): Promise<string> {
  const { flags, out } = invocation;
  const policy = flags.text('pull');
  if (!PULL_POLICIES.has(policy)) {
    throw new ValueError(
      `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
    );
  }
  const idFile = openIdFile(flags.text('cidfile'));
  try {
    if (policy === 'always') await pull(invocation, request.Image);
    const created = await createOrPull(invocation, request, policy === 'missing');
    for (const warning of created.Warnings ?? []) out.error(`WARNING: ${warning}\n`);
    idFile?.keep(created.Id);
    return created.Id;
  } finally {
    idFile?.close();
  }
}

async function createOrPull(
  invocation: Invocation,
  request: CreateRequest,
  mayPull: boolean,
): Promise<ContainerCreateResponse> {
  const { flags, client, out } = invocation;
  const target = withQuery('/containers/create', {
    name: flags.text('name') || undefined,
    platform: flags.text('platform') || undefined,
  });
  const create = () => client.json<ContainerCreateResponse>('POST', target, request);
  try {
    return await create();
  } catch (error) {
    const missing =
      error instanceof ApiError && error.status === 404 && /no such image/i.test(error.message);
    if (!missing || !mayPull) throw error;
  }
  // Loaded only now: references need node:crypto, which costs a start that has its image already.
  const { checkReference, familiarImage } = await import('../image/name.ts');
  checkReference(request.Image);
  if (!flags.bool('quiet')) {
    out.error(`Unable to find image '${familiarImage(request.Image)}' locally\n`);
  }
  await pull(invocation, request.Image);
  return create();
}

async function pull(invocation: Invocation, image: string): Promise<void> {
  const { pullImage } = await import('../image/pull.ts');
  await pullImage(invocation.client, {
    image,
    platform: invocation.flags.text('platform'),
    report: invocation.flags.bool('quiet') ? 'none' : 'progress-on-stderr',
    out: invocation.out,
  });
}

/** Opened before anything is created, so that a bad path costs nothing. */
function openIdFile(path: string): { keep(id: string): void; close(): void } | undefined {
  if (path === '') return undefined;
  if (existsSync(path)) {
    throw new CliError(
      `container ID file found, make sure the other container isn't running or delete ${path}`,
      125,
    );
  }
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o644);
  } catch (error) {
    throw new ValueError(`failed to create the container ID file: ${openFailure(path, error)}`);
  }
  let written = false;
  return {
    keep: (id) => {
      writeSync(fd, id);
      written = true;
    },
    close: () => {
      closeSync(fd);
      if (!written) unlinkSync(path);
    },
  };
}
