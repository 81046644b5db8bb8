/** One blob to a registry (distribution-spec, «Pushing blobs»): not at all when it is there, by mount, whole, or in pieces that go on after a break. */

import { TiffinError } from '../base/errors.ts';
import type { Descriptor } from '../spec/content.ts';
import { errorText, type RepositoryClient, redirectTarget } from './client.ts';
import { mayPass, retried } from './retry.ts';

/** A larger blob goes in pieces of this size. */
const PIECE = 64 * 1024 * 1024;

export interface UploadOptions {
  /** Content of the blob; slices of it are read as they are sent. */
  content: Blob;
  /** Repositories of the same registry that may have it. */
  mountFrom: readonly string[];
  onSent: (bytes: number) => void;
  signal: AbortSignal;
}

/** How it came to be there; `mounted` names the repository. */
export type Uploaded = { how: 'exists' } | { how: 'pushed' } | { how: 'mounted'; from: string };

export async function uploadBlob(
  client: RepositoryClient,
  blob: Descriptor,
  options: UploadOptions,
): Promise<Uploaded> {
  const { signal } = options;
  if (await retried(signal, () => exists(client, blob, signal))) return { how: 'exists' };
  for (const from of options.mountFrom) {
    const started = await retried(signal, () =>
      begin(client, { mount: blob.digest, from }, signal),
    );
    if (started === undefined) return { how: 'mounted', from };
    await cancel(client, started, signal);
  }
  const upload = new Upload(client, blob, options);
  await retried(signal, (attempt) => upload.run(attempt > 0));
  return { how: 'pushed' };
}

/** Whether the repository has the blob now, from another one of the registry without being sent. */
export async function mountBlob(
  client: RepositoryClient,
  blob: Descriptor,
  from: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (await retried(signal, () => exists(client, blob, signal))) return true;
  const started = await retried(signal, () => begin(client, { mount: blob.digest, from }, signal));
  if (started !== undefined) await cancel(client, started, signal);
  return started === undefined;
}

async function exists(
  client: RepositoryClient,
  blob: Descriptor,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await client.send(`blobs/${blob.digest}`, { method: 'HEAD' }, signal);
  await response.body?.cancel();
  if (response.status === 200) return true;
  if (response.status === 404) return false;
  throw await uploadFailure(client, response, 'asking for a blob');
}

/** The upload's URL, or undefined when the registry has mounted the blob. */
async function begin(
  client: RepositoryClient,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<URL | undefined> {
  const search = new URLSearchParams(query).toString();
  const path = `blobs/uploads/${search === '' ? '' : `?${search}`}`;
  const response = await client.send(path, { method: 'POST', body: '' }, signal);
  if (response.status === 201) {
    await response.body?.cancel();
    return undefined;
  }
  if (response.status !== 202) throw await uploadFailure(client, response, 'starting an upload');
  await response.body?.cancel();
  return location(client, response);
}

async function cancel(client: RepositoryClient, upload: URL, signal: AbortSignal): Promise<void> {
  const response = await client.send(upload, { method: 'DELETE' }, signal).catch(() => undefined);
  await response?.body?.cancel();
}

class Upload {
  readonly #client: RepositoryClient;
  readonly #blob: Descriptor;
  readonly #options: UploadOptions;
  #url: URL | undefined;
  /** Bytes that the registry has said it holds. */
  #sent = 0;

  constructor(client: RepositoryClient, blob: Descriptor, options: UploadOptions) {
    this.#client = client;
    this.#blob = blob;
    this.#options = options;
  }

  async run(again: boolean): Promise<void> {
    const { content } = this.#options;
    if (again) await this.#askProgress();
    this.#url ??= await begin(this.#client, {}, this.#options.signal);
    while (content.size - this.#sent > PIECE) await this.#piece();
    await this.#finish();
    this.#options.onSent(content.size);
  }

  async #piece(): Promise<void> {
    const end = this.#sent + PIECE;
    const response = await this.#send(
      'PATCH',
      this.#target(),
      {
        'content-range': `${this.#sent}-${end - 1}`,
      },
      end,
    );
    if (response.status !== 202) {
      throw await uploadFailure(this.#client, response, 'sending a piece of a blob');
    }
    await response.body?.cancel();
    this.#url = location(this.#client, response);
    this.#sent = end;
    this.#options.onSent(end);
  }

  async #finish(): Promise<void> {
    const target = new URL(this.#target());
    target.searchParams.set('digest', this.#blob.digest);
    const response = await this.#send('PUT', target, {}, this.#options.content.size);
    if (response.status !== 201 && response.status !== 204) {
      throw await uploadFailure(this.#client, response, 'ending an upload');
    }
    await response.body?.cancel();
  }

  #send(
    method: string,
    target: URL,
    headers: Record<string, string>,
    end: number,
  ): Promise<Response> {
    const body = this.#options.content.slice(this.#sent, end);
    const all = { 'content-type': 'application/octet-stream', ...headers };
    return this.#client.send(target, { method, headers: all, body }, this.#options.signal);
  }

  #target(): URL {
    if (this.#url === undefined) throw broken(this.#client, 'the upload has no address');
    return this.#url;
  }

  /** After a break: how far it came, or from the start when the registry has lost it. */
  async #askProgress(): Promise<void> {
    if (this.#url === undefined) return;
    const response = await this.#client.send(this.#url, { method: 'GET' }, this.#options.signal);
    await response.body?.cancel();
    const last = /^(?:bytes=)?0-([0-9]{1,15})$/.exec(response.headers.get('range') ?? '')?.[1];
    const held = last === undefined ? 0 : Number(last) + 1;
    const usable = response.status === 204 && held <= this.#options.content.size && held > 1;
    this.#url = usable ? location(this.#client, response) : undefined;
    this.#sent = usable ? held : 0;
  }
}

/** Where the upload goes on; never from HTTPS to HTTP. Credentials stay with the registry's own origin. */
function location(client: RepositoryClient, response: Response): URL {
  const base = new URL(client.endpoint.origin);
  return redirectTarget(base, response.headers.get('location'), client.endpoint);
}

export async function uploadFailure(
  client: RepositoryClient,
  response: Response,
  what: string,
): Promise<TiffinError> {
  const said = await errorText(response);
  const { registry } = client.endpoint;
  if (response.status === 401) {
    return new TiffinError(
      'unauthorized',
      'push-unauthorized',
      `unauthorized: ${said || 'authentication required'}`,
      { hint: `log in to ${registry} first` },
    );
  }
  if (response.status === 403) {
    const message = `denied: ${said || 'requested access to the resource is denied'}`;
    return new TiffinError('denied', 'push-denied', message);
  }
  const message = `registry ${registry}: ${what}: status ${response.status}${said === '' ? '' : `: ${said}`}`;
  const code = mayPass(response.status) ? 'registry-busy' : 'push-failed';
  return code === 'registry-busy'
    ? new TiffinError('unavailable', 'registry-busy', message)
    : new TiffinError('unavailable', 'push-failed', message);
}

function broken(client: RepositoryClient, what: string): TiffinError {
  const message = `registry ${client.endpoint.registry}: ${what}`;
  return new TiffinError('unavailable', 'transfer-broken', message);
}
