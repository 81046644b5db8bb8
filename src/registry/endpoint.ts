/** Where a registry is: its API host and whether it speaks HTTPS or, on loopback or when told, plain HTTP. */

import { errorMessage, TiffinError } from '../base/errors.ts';
import { isLoopbackRegistry } from '../spec/reference.ts';
import { httpRequest } from './http.ts';

export interface Endpoint {
  /** As in image references; for messages. */
  registry: string;
  /** `https://host[:port]`, no path. */
  origin: string;
  /** The `WWW-Authenticate` header of the version check, when the registry asks for credentials. */
  challenge: string | undefined;
  /** `host[:port]` of token servers elsewhere that may have the credentials. */
  tokenServers: readonly string[];
}

export interface EndpointOptions {
  /** Plain HTTP is allowed although the registry is not on loopback. */
  insecure: boolean;
  tokenServers: readonly string[];
  signal: AbortSignal;
}

/** Docker Hub's API is not on the host of its references. */
const apiHosts: ReadonlyMap<string, string> = new Map([['docker.io', 'registry-1.docker.io']]);

/** Asks `/v2/` (distribution-spec, «Determining Support») over HTTPS and then, where allowed, over HTTP. */
export async function findEndpoint(registry: string, options: EndpointOptions): Promise<Endpoint> {
  const host = apiHosts.get(registry) ?? registry;
  const plainAllowed = options.insecure || isLoopbackRegistry(registry);
  const { tokenServers } = options;
  const schemes = plainAllowed ? ['https', 'http'] : ['https'];
  const failures: string[] = [];
  for (const scheme of schemes) {
    const origin = `${scheme}://${host}`;
    try {
      return { ...(await probe(registry, origin, options.signal)), tokenServers };
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof TiffinError && error.code === 'not-a-registry') throw error;
      failures.push(`${origin}/v2/: ${errorMessage(error)}`);
    }
  }
  throw new TiffinError(
    'unavailable',
    'registry-unreachable',
    `cannot reach registry ${registry}: ${failures.join('; ')}`,
    {
      hint: plainAllowed
        ? 'check that the registry runs and that its port is right'
        : 'check the name and the network; plain HTTP is used only for loopback addresses unless it is allowed for this registry',
    },
  );
}

async function probe(
  registry: string,
  origin: string,
  signal: AbortSignal,
): Promise<Omit<Endpoint, 'tokenServers'>> {
  const answer = await httpRequest(`${origin}/v2/`, { method: 'GET', headers: {}, signal });
  await answer.body?.cancel();
  if (answer.status === 200) return { registry, origin, challenge: undefined };
  if (answer.status === 401) {
    return { registry, origin, challenge: answer.headers.get('www-authenticate') ?? undefined };
  }
  if (answer.status >= 500) throw new Error(`status ${answer.status}`);
  throw new TiffinError(
    'unavailable',
    'not-a-registry',
    `${registry} does not speak the registry protocol: ${origin}/v2/ answered ${answer.status}`,
  );
}
