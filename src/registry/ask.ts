/** Questions to a registry without fetching an image: what a name means, its tags, a search. */

import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Descriptor, Platform } from '../spec/content.ts';
import { parseDigest, sha256Digest } from '../spec/digest.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import {
  decodeImageDocument,
  type ImageIndex,
  type ImageManifest,
  manifestMediaTypes,
} from '../spec/image.ts';
import { decodeImageConfig } from '../spec/image-config.ts';
import { JsonObject, parseJson } from '../spec/json-object.ts';
import { type ImageReference, isTag } from '../spec/reference.ts';
import { openRepository, type RepositoryClient } from './client.ts';
import { findEndpoint } from './endpoint.ts';
import { boundedBody, httpRequest } from './http.ts';
import { placesOf } from './places.ts';
import { manifestFailure } from './resolve.ts';

export interface Question {
  reference: ImageReference;
  auth: RegistryAuth | undefined;
  signal: AbortSignal;
}

export interface RemoteDocument {
  descriptor: Descriptor;
  document: ImageManifest | ImageIndex;
  bytes: Uint8Array;
  platforms: Platform[];
}

const MAX_TAGS = 10_000;
const MAX_PAGES = 200;
const MAX_ANSWER = 4 * 1024 * 1024;

/** The manifest or index that a name stands for, and the platforms that it is for. */
export async function remoteDocument(question: Question): Promise<RemoteDocument> {
  const { reference, signal } = question;
  const client = await open(question);
  const name = reference.digest ?? reference.tag ?? 'latest';
  const headers = { accept: manifestMediaTypes.join(', ') };
  const response = await client.get(`manifests/${name}`, headers, signal);
  if (response.status !== 200) throw await manifestFailure(reference, response);
  const bytes = await boundedBody(response, limits.manifestBytes);
  const digest = sha256Digest(bytes);
  if (reference.digest?.startsWith('sha256:') && digest !== reference.digest) {
    throw new TiffinError(
      'invalid',
      'digest-mismatch',
      `content does not match its digest: expected ${reference.digest}, got ${digest}`,
    );
  }
  const document = decodeImageDocument(bytes, response.headers.get('content-type') ?? undefined);
  const descriptor = { mediaType: document.mediaType, digest, size: bytes.length };
  return { descriptor, document, bytes, platforms: await platforms(client, document, signal) };
}

/** All tags, as many pages as there are. */
export async function remoteTags(question: Question): Promise<string[]> {
  const client = await open(question);
  const tags = new Set<string>();
  let path: string | undefined = 'tags/list?n=1000';
  for (let page = 0; path !== undefined && page < MAX_PAGES; page += 1) {
    const response = await client.get(path, {}, question.signal);
    if (response.status !== 200) throw await manifestFailure(question.reference, response);
    const body = JsonObject.of(parseJson(await boundedBody(response, MAX_ANSWER), 'tags'), 'tags');
    for (const tag of body.texts('tags') ?? []) if (isTag(tag)) tags.add(tag);
    if (tags.size > MAX_TAGS) break;
    path = nextPage(response.headers.get('link'));
  }
  return [...tags];
}

export interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated: boolean;
}

/** The old search of registries (`/v1/search`); few besides Docker Hub have it. */
export async function searchRegistry(
  registry: string,
  term: string,
  options: { limit: number; auth: RegistryAuth | undefined; signal: AbortSignal },
): Promise<SearchResult[]> {
  const { signal } = options;
  const isHub = registry === 'docker.io';
  const insecure = placesOf(registry, 'push').at(-1)?.insecure ?? false;
  const origin = isHub
    ? 'https://index.docker.io'
    : (await findEndpoint(registry, { insecure, tokenServers: [], signal })).origin;
  const url = new URL('/v1/search', origin);
  url.searchParams.set('q', term);
  url.searchParams.set('n', String(options.limit));
  const response = await httpRequest(url.href, { method: 'GET', headers: {}, signal }).catch(
    (cause: unknown) => {
      signal.throwIfAborted();
      const message = `cannot reach the search of registry ${registry}`;
      throw new TiffinError('unavailable', 'no-search', message, { cause });
    },
  );
  if (response.status !== 200) {
    await response.body?.cancel();
    const message = `registry ${registry} has no search: ${origin}/v1/search answered ${response.status}`;
    throw new TiffinError('unavailable', 'no-search', message, {
      hint: 'ask for its repositories and tags by name',
    });
  }
  const bytes = await boundedBody(response, MAX_ANSWER);
  const body = JsonObject.of(parseJson(bytes, 'search answer'), 'answer');
  return body.list('results', 1000, searchResult) ?? [];
}

async function open({ reference, auth, signal }: Question): Promise<RepositoryClient> {
  const place = placesOf(reference.registry, 'push').at(-1);
  return openRepository({
    registry: place?.registry ?? reference.registry,
    repository: `${place?.prefix ?? ''}${reference.repository}`,
    auth: place?.own === false ? undefined : auth,
    insecure: place?.insecure ?? false,
    tokenServers: place?.tokenServers ?? [],
    signal,
  });
}

async function platforms(
  client: RepositoryClient,
  document: ImageManifest | ImageIndex,
  signal: AbortSignal,
): Promise<Platform[]> {
  if (document.kind === 'index') {
    return document.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
  }
  const response = await client.get(`blobs/${document.config.digest}`, {}, signal);
  if (response.status !== 200) {
    await response.body?.cancel();
    return [];
  }
  const bytes = await boundedBody(response, limits.imageConfigBytes);
  if (sha256Digest(bytes) !== parseDigest(document.config.digest)) return [];
  const { architecture, os, variant } = decodeImageConfig(bytes);
  return [{ architecture, os, ...(variant === undefined ? {} : { variant }) }];
}

/** `</v2/name/tags/list?last=x&n=1000>; rel="next"`: only its query counts, so that no answer leads elsewhere. */
function nextPage(header: string | null): string | undefined {
  const target = /^<([^<>\s]{1,2000})>;\s*rel="?next"?/.exec(header ?? '')?.[1];
  const search = target === undefined ? undefined : URL.parse(target, 'http://registry')?.search;
  return search === undefined || search === '' ? undefined : `tags/list${search}`;
}

function searchResult(value: unknown, path: string): SearchResult {
  const fields = JsonObject.of(value, path);
  return {
    name: fields.text('name') ?? '',
    description: fields.text('description') ?? '',
    star_count: fields.count('star_count') ?? 0,
    is_official: fields.flag('is_official'),
    is_automated: fields.flag('is_automated'),
  };
}
