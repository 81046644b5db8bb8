/** Requests to one repository of a registry: authorization, redirects, and errors in words. */

import { errorMessage, TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { type Authorizer, createAuthorizer } from './authorizer.ts';
import { type Endpoint, findEndpoint } from './endpoint.ts';
import { boundedBody, httpRequest } from './http.ts';

export interface RepositoryClient {
  readonly endpoint: Endpoint;
  readonly repository: string;
  /** GET below `/v2/<repository>/`; resolves with any status that is not a redirect. */
  get(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  /** The same for any method; `target` is a path below the repository or an URL that the registry gave, such as an upload's. */
  send(target: string | URL, request: RegistryRequest, signal: AbortSignal): Promise<Response>;
}

export interface RegistryRequest {
  method: string;
  headers?: Record<string, string>;
  /** Sent again when a token ended or a redirect says so. */
  body?: string | Uint8Array | Blob;
}

export interface ClientOptions {
  registry: string;
  repository: string;
  auth: RegistryAuth | undefined;
  insecure: boolean;
  tokenServers: readonly string[];
  /** Ask for leave to write too. */
  push?: boolean;
  /** Further repositories of the registry that blobs may be mounted from. */
  mountFrom?: readonly string[];
  signal: AbortSignal;
}

export async function openRepository(options: ClientOptions): Promise<RepositoryClient> {
  const endpoint = await findEndpoint(options.registry, options);
  const actions = options.push === true ? 'pull,push' : 'pull';
  const scopes = [
    `repository:${options.repository}:${actions}`,
    ...(options.mountFrom ?? []).map((repository) => `repository:${repository}:pull`),
  ];
  const authorizer = createAuthorizer(endpoint, scopes, options.auth);
  const send: RepositoryClient['send'] = (target, request, signal) => {
    const url =
      target instanceof URL
        ? target
        : new URL(`/v2/${options.repository}/${target}`, endpoint.origin);
    return authorized(authorizer, endpoint, url, request, signal);
  };
  return {
    endpoint,
    repository: options.repository,
    get: (path, headers, signal) => send(path, { method: 'GET', headers }, signal),
    send,
  };
}

/** The registry's own words for a failed request, in one line; empty when it gave none. */
export async function errorText(response: Response): Promise<string> {
  const body = await boundedBody(response, 64 * 1024).catch(() => new Uint8Array());
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof parsed !== 'object' || parsed === null || !('errors' in parsed)) return '';
    const [first] = Array.isArray(parsed.errors) ? (parsed.errors as unknown[]) : [];
    if (typeof first !== 'object' || first === null || !('message' in first)) return '';
    return printable(String(first.message));
  } catch {
    return '';
  }
}

async function authorized(
  authorizer: Authorizer,
  endpoint: Endpoint,
  url: URL,
  request: RegistryRequest,
  signal: AbortSignal,
): Promise<Response> {
  const first = await follow(url, request, await authorizer.header(signal), endpoint, signal);
  if (first.status !== 401) return first;
  await first.body?.cancel();
  // A token may have ended in the middle of a long transfer.
  const again = await follow(url, request, await authorizer.header(signal, true), endpoint, signal);
  const withheld = [401, 403].includes(again.status) ? authorizer.withheld() : undefined;
  if (withheld === undefined) return again;
  await again.body?.cancel();
  throw withheld;
}

/** Follows redirects; the Authorization header stays with the origin it was made for (CVE-2020-15157). */
async function follow(
  start: URL,
  request: RegistryRequest,
  authorization: string | undefined,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= limits.registryRedirects; hop += 1) {
    const own = url.origin === endpoint.origin && authorization !== undefined;
    const headers = { ...request.headers, ...(own ? { authorization } : {}) };
    const response = await exchange(url, { ...request, headers }, endpoint, signal);
    if (!isRedirect(response.status, request.method)) return response;
    await response.body?.cancel();
    url = redirectTarget(url, response.headers.get('location'), endpoint);
  }
  throw new TiffinError(
    'unavailable',
    'too-many-redirects',
    `registry ${endpoint.registry}: more than ${limits.registryRedirects} redirects`,
  );
}

/** What is not a mere look must not become one on the way (RFC 9110 section 15.4): only 307 and 308 keep method and body. */
function isRedirect(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true;
  return (method === 'GET' || method === 'HEAD') && [301, 302, 303].includes(status);
}

/** Bytes per second that an upload has at least, before it counts as stuck. */
const SLOWEST = 64 * 1024;

async function exchange(
  url: URL,
  request: RegistryRequest & { headers: Record<string, string> },
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Response> {
  const { method, headers, body } = request;
  const size = body instanceof Blob ? body.size : (body?.length ?? 0);
  const answerWithinMs = 30_000 + (size / SLOWEST) * 1000;
  try {
    return await httpRequest(url.href, {
      method,
      headers,
      answerWithinMs,
      signal,
      ...(body === undefined ? {} : { body }),
    });
  } catch (cause) {
    signal.throwIfAborted();
    const message = `cannot reach registry ${endpoint.registry}: ${url.origin}: ${errorMessage(cause)}`;
    throw new TiffinError('unavailable', 'registry-unreachable', message, { cause });
  }
}

/** HTTPS never steps down to HTTP, and no other scheme is followed. */
export function redirectTarget(from: URL, location: string | null, endpoint: Endpoint): URL {
  const target = location === null ? null : URL.parse(location, from.href);
  const allowed =
    target?.protocol === 'https:' || (target?.protocol === 'http:' && from.protocol === 'http:');
  if (target === null || !allowed) {
    throw new TiffinError(
      'unavailable',
      'bad-redirect',
      `registry ${endpoint.registry} redirects to ${JSON.stringify((location ?? '').slice(0, 200))}`,
    );
  }
  return target;
}

/** Control characters of a hostile registry must not reach a terminal. */
function printable(text: string): string {
  let plain = '';
  for (const character of text.slice(0, 500)) {
    const code = character.codePointAt(0) ?? 0;
    plain += code < 0x20 || (code >= 0x7f && code < 0xa0) ? ' ' : character;
  }
  return plain;
}
