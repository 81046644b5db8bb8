/** The content of one blob from a registry; a connection that breaks is taken up where it broke, with a range request (RFC 9110 section 14). */

import { errorMessage, TiffinError } from '../base/errors.ts';
import type { Descriptor, OnProgress } from '../spec/content.ts';
import { digestHex } from '../spec/digest.ts';
import { errorText, type RepositoryClient } from './client.ts';
import { bodyChunks } from './http.ts';
import { mayPass, retried } from './retry.ts';

/** Breaks in a row without a byte in between, before it is given up. */
const MAX_BREAKS = 5;

export interface DownloadOptions {
  /** What an earlier download left. */
  beginning?: AsyncIterable<Uint8Array>;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/** Never more than the descriptor's size. A descriptor's `urls` are never followed: they would take requests to hosts of the image author's choice. */
export async function* downloadBlob(
  client: RepositoryClient,
  blob: Descriptor,
  { beginning, onProgress, signal }: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const id = digestHex(blob.digest).slice(0, 12);
  let current = 0;
  let breaks = 0;
  for await (const chunk of beginning ?? []) {
    signal.throwIfAborted();
    current += chunk.length;
    if (current > blob.size) throw tooLarge(blob);
    onProgress({ id, status: 'Downloading', current, total: blob.size });
    yield chunk;
  }
  for (let asked = false; current < blob.size || (blob.size === 0 && !asked); asked = true) {
    const from = current;
    const response = await retried(signal, () => request(client, blob, from, signal));
    // A registry that knows no ranges begins anew: what is here already is passed over.
    let skip = response.status === 206 ? 0 : from;
    try {
      for await (const chunk of bodyChunks(response)) {
        const passed = Math.min(skip, chunk.length);
        skip -= passed;
        const fresh = chunk.subarray(passed);
        if (fresh.length === 0) continue;
        current += fresh.length;
        if (current > blob.size) throw tooLarge(blob);
        onProgress({ id, status: 'Downloading', current, total: blob.size });
        breaks = 0;
        yield fresh;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TiffinError) throw error;
      breaks += 1;
      if (breaks >= MAX_BREAKS) throw broken(client, blob, error);
    }
    if (current === from) breaks += 1;
    // The store sees that something is missing.
    if (breaks >= MAX_BREAKS) break;
  }
  onProgress({ id, status: 'Verifying Checksum' });
}

async function request(
  client: RepositoryClient,
  blob: Descriptor,
  from: number,
  signal: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
  const response = await client.get(`blobs/${blob.digest}`, headers, signal);
  if (response.status === 200) return response;
  if (response.status === 206 && startsAt(response, from)) return response;
  const said = await errorText(response);
  const detail = said === '' ? '' : `: ${said}`;
  const { registry } = client.endpoint;
  const message = `registry ${registry} answered ${response.status} for blob ${blob.digest}${detail}`;
  if (response.status === 404) throw new TiffinError('not-found', 'blob-failed', message);
  if (mayPass(response.status)) throw new TiffinError('unavailable', 'registry-busy', message);
  throw new TiffinError('unavailable', 'blob-failed', message);
}

function startsAt(response: Response, from: number): boolean {
  return response.headers.get('content-range')?.startsWith(`bytes ${from}-`) ?? false;
}

function tooLarge(blob: Descriptor): TiffinError {
  return new TiffinError(
    'invalid',
    'wrong-size',
    `blob ${blob.digest} is larger than the ${blob.size} bytes its manifest tells`,
  );
}

function broken(client: RepositoryClient, blob: Descriptor, cause: unknown): TiffinError {
  const message = `registry ${client.endpoint.registry}: blob ${blob.digest} broke off: ${errorMessage(cause)}`;
  return new TiffinError('unavailable', 'transfer-broken', message, { cause });
}
