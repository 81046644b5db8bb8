/** Turns a registry's challenge and the person's credentials into an `Authorization` header. */

import { errorMessage, TiffinError } from '../base/errors.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { type Challenge, parseChallenge } from './challenge.ts';
import type { Endpoint } from './endpoint.ts';
import { boundedBody, httpRequest } from './http.ts';
import { mayReceiveCredentials } from './trust.ts';

/** Bytes of a token server's answer. */
const tokenLimit = 256 * 1024;

export interface Authorizer {
  /** The header's value, or undefined when the registry asks for nothing. `refresh` drops a token that was refused. */
  header(signal: AbortSignal, refresh?: boolean): Promise<string | undefined>;
  /** The error to tell of a refusal when there are credentials that the token server was not given. */
  withheld(): TiffinError | undefined;
}

/** `scopes`: as in the token specification, `repository:library/alpine:pull`. */
export function createAuthorizer(
  endpoint: Endpoint,
  scopes: readonly string[],
  auth: RegistryAuth | undefined,
): Authorizer {
  const challenge =
    endpoint.challenge === undefined ? undefined : parseChallenge(endpoint.challenge);
  let pending: Promise<string | undefined> | undefined;
  let withheldFrom: URL | undefined;
  const keepBack = (realm: URL) => {
    withheldFrom = realm;
  };
  return {
    withheld: () => (withheldFrom === undefined ? undefined : withheld(endpoint, withheldFrom)),
    header(signal, refresh = false) {
      // One token serves all requests of a pull, also those that ask for it at the same moment.
      if (pending === undefined || refresh)
        pending = authorization({ endpoint, challenge, scopes, auth, keepBack, signal });
      return pending;
    },
  };
}

interface Authorization {
  endpoint: Endpoint;
  challenge: Challenge | undefined;
  scopes: readonly string[];
  auth: RegistryAuth | undefined;
  /** Hears of a token server that is asked without the credentials there are. */
  keepBack: (realm: URL) => void;
  signal: AbortSignal;
}

async function authorization(request: Authorization): Promise<string | undefined> {
  const { auth, challenge } = request;
  if (auth?.registrytoken) return `Bearer ${auth.registrytoken}`;
  if (challenge === undefined) return undefined;
  if (challenge.scheme === 'basic') return basic(auth);
  return `Bearer ${await fetchToken(request, challenge)}`;
}

function basic(auth: RegistryAuth | undefined): string | undefined {
  if (!auth?.username) return undefined;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password ?? ''}`).toString('base64')}`;
}

/** The token protocol of the distribution project (docs/spec/auth/token.md, oauth.md). */
async function fetchToken(request: Authorization, challenge: Challenge): Promise<string> {
  const { endpoint, scopes, auth, signal } = request;
  const realm = parseRealm(endpoint, challenge.parameters.get('realm'));
  const service = challenge.parameters.get('service') ?? '';
  const trusted = await mayReceiveCredentials(endpoint, realm);
  const credentials = trusted ? auth : undefined;
  const isWithheld = !trusted && (auth?.username || auth?.identitytoken);
  // What is public is there without credentials; whatever is refused then is told with the reason.
  if (isWithheld) request.keepBack(realm);
  const answer = await askRealm(realm, { service, scopes, credentials, signal }).catch(
    (cause: unknown) => {
      signal.throwIfAborted();
      throw unavailable(endpoint, realm, errorMessage(cause), cause);
    },
  );
  if (answer.status === 401 || answer.status === 403) {
    await answer.body?.cancel();
    throw isWithheld ? withheld(endpoint, realm) : refused(endpoint);
  }
  if (answer.status !== 200) throw unavailable(endpoint, realm, `status ${answer.status}`);
  return readToken(endpoint, realm, await boundedBody(answer, tokenLimit));
}

interface TokenRequest {
  service: string;
  scopes: readonly string[];
  credentials: RegistryAuth | undefined;
  signal: AbortSignal;
}

function askRealm(realm: URL, request: TokenRequest): Promise<Response> {
  const { service, scopes, credentials, signal } = request;
  if (credentials?.identitytoken) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.identitytoken,
      client_id: 'tiffin',
      service,
      scope: scopes.join(' '),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return httpRequest(realm.href, { method: 'POST', headers, body: form.toString(), signal });
  }
  const url = new URL(realm);
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const authorization = basic(credentials);
  return httpRequest(url.href, {
    method: 'GET',
    headers: authorization === undefined ? {} : { authorization },
    signal,
  });
}

/** A token server on plain HTTP would read credentials and tokens to the wire (CVE-2019-10214). */
function parseRealm(endpoint: Endpoint, text: string | undefined): URL {
  const realm = text === undefined ? null : URL.parse(text);
  const plainAllowed = endpoint.origin.startsWith('http:');
  const secure = realm?.protocol === 'https:' || (realm?.protocol === 'http:' && plainAllowed);
  if (realm === null || !secure) {
    throw new TiffinError(
      'unavailable',
      'bad-token-realm',
      `registry ${endpoint.registry} names no usable token server: ${JSON.stringify((text ?? '').slice(0, 200))}`,
    );
  }
  return realm;
}

function readToken(endpoint: Endpoint, realm: URL, body: Uint8Array): string {
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder().decode(body));
  } catch {
    fields = undefined;
  }
  if (typeof fields === 'object' && fields !== null) {
    const token =
      'token' in fields ? fields.token : 'access_token' in fields ? fields.access_token : undefined;
    // A line feed in a token would end the header it is put into.
    if (typeof token === 'string' && token !== '' && isHeaderSafe(token)) return token;
  }
  throw unavailable(endpoint, realm, 'its answer holds no token');
}

function isHeaderSafe(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}

function refused(endpoint: Endpoint): TiffinError {
  const message = `registry ${endpoint.registry}: unauthorized: incorrect username or password`;
  return new TiffinError('unauthorized', 'registry-unauthorized', message, {
    hint: `log in with credentials for ${endpoint.registry}`,
  });
}

function withheld(endpoint: Endpoint, realm: URL): TiffinError {
  const { registry } = endpoint;
  return new TiffinError(
    'unauthorized',
    'credentials-withheld',
    `registry ${registry}: unauthorized: its token server ${realm.host} is of another owner and was not given the credentials`,
    {
      hint: `if it is to have them, name it in /etc/tiffin/registries.json: {"registries": {${JSON.stringify(registry)}: {"tokenServers": [${JSON.stringify(realm.host)}]}}}`,
    },
  );
}

function unavailable(endpoint: Endpoint, realm: URL, what: string, cause?: unknown): TiffinError {
  const message = `token server ${realm.origin} of registry ${endpoint.registry}: ${what}`;
  return new TiffinError('unavailable', 'token-server-failed', message, { cause });
}
