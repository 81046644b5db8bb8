/** Requests to one repository of a registry: authorization, redirects, and errors in words. */

import { errorMessage, TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { type Authorizer, createAuthorizer } from './authorizer.ts';
import { type Endpoint, findEndpoint } from './endpoint.ts';
import { boundedBody, httpRequest } from './http.ts';

export interface RepositoryClient {
  readonly endpoint: Endpoint;
  /** GET below `/v2/<repository>/`; resolves with any status that is not a redirect. */
  get(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
}

export interface ClientOptions {
  registry: string;
  repository: string;
  auth: RegistryAuth | undefined;
  insecure: boolean;
  signal: AbortSignal;
}

export async function openRepository(options: ClientOptions): Promise<RepositoryClient> {
  const endpoint = await findEndpoint(options.registry, options);
  const authorizer = createAuthorizer(
    endpoint,
    `repository:${options.repository}:pull`,
    options.auth,
  );
  return {
    endpoint,
    get: (path, headers, signal) =>
      authorizedGet(authorizer, endpoint, `/v2/${options.repository}/${path}`, headers, signal),
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

async function authorizedGet(
  authorizer: Authorizer,
  endpoint: Endpoint,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(path, endpoint.origin);
  const first = await follow(
    url,
    withAuthorization(headers, await authorizer.header(signal)),
    endpoint,
    signal,
  );
  if (first.status !== 401) return first;
  await first.body?.cancel();
  // A token may have ended in the middle of a long pull.
  return follow(
    url,
    withAuthorization(headers, await authorizer.header(signal, true)),
    endpoint,
    signal,
  );
}

function withAuthorization(
  headers: Record<string, string>,
  value: string | undefined,
): Record<string, string> {
  return value === undefined ? headers : { ...headers, authorization: value };
}

/** Follows redirects; the Authorization header stays with the origin it was made for (CVE-2020-15157). */
async function follow(
  start: URL,
  headers: Record<string, string>,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= limits.registryRedirects; hop += 1) {
    const { authorization, ...others } = headers;
    const own = url.origin === endpoint.origin && authorization !== undefined;
    const response = await request(
      url,
      own ? { ...others, authorization } : others,
      endpoint,
      signal,
    );
    if (response.status < 300 || response.status > 399 || response.status === 304) return response;
    await response.body?.cancel();
    url = redirectTarget(url, response.headers.get('location'), endpoint);
  }
  throw new TiffinError(
    'unavailable',
    'too-many-redirects',
    `registry ${endpoint.registry}: more than ${limits.registryRedirects} redirects`,
  );
}

async function request(
  url: URL,
  headers: Record<string, string>,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await httpRequest(url.href, { method: 'GET', headers, signal });
  } catch (cause) {
    signal.throwIfAborted();
    const message = `cannot reach registry ${endpoint.registry}: ${url.origin}: ${errorMessage(cause)}`;
    throw new TiffinError('unavailable', 'registry-unreachable', message, { cause });
  }
}

/** HTTPS never steps down to HTTP, and no other scheme is followed. */
function redirectTarget(from: URL, location: string | null, endpoint: Endpoint): URL {
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
