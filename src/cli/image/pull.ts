/** Pulling an image: the request and its progress. */

import {
  familiarName,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../../spec/reference.ts';
import { type Client, jsonLines, withQuery } from '../client/client.ts';
import { type ProgressMessage, showProgress } from '../render/progress.ts';
import type { Output } from '../streams/output.ts';
import { registryAuthHeader } from './registry-auth.ts';

export interface PullRequest {
  image: string;
  /** Empty: the engine's. */
  platform: string;
  /** Every tag of the repository. */
  allTags?: boolean;
  report: 'progress' | 'progress-on-stderr' | 'none';
  out: Output;
}

/** Resolves with the complete reference, `docker.io/library/alpine:latest`. */
export async function pullImage(client: Client, request: PullRequest): Promise<string> {
  const given = parseReference(request.image);
  const reference = request.allTags === true ? given : withDefaultTag(given);
  const auth = await registryAuthHeader(reference.registry);
  const quiet = request.report === 'none';
  const fd = request.report === 'progress-on-stderr' ? 2 : 1;
  if (reference.tag !== given.tag && !quiet) {
    const text = `Using default tag: ${reference.tag}\n`;
    if (fd === 1) request.out.print(text);
  }
  const target = withQuery('/images/create', {
    fromImage: familiarName(reference),
    tag: reference.digest ?? reference.tag,
    platform: request.platform || undefined,
  });
  const headers: Record<string, string> = auth === undefined ? {} : { 'X-Registry-Auth': auth };
  const response = await client.stream('POST', target, { headers });
  await showProgress(jsonLines<ProgressMessage>(response.body), { fd, quiet, out: request.out });
  return formatReference(reference);
}
