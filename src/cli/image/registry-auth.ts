/** Credentials for a registry, from docker's configuration file or the helper that it names. */

import type { RegistryAuth } from '../../spec/docker.ts';
import { isAbout, type Json, objectAt, readConfig, serverName, textAt } from './docker-config.ts';

/** The `X-Registry-Auth` header for an image of this registry; undefined: anonymous. */
export async function registryAuthHeader(registry: string): Promise<string | undefined> {
  const auth = await registryAuth(registry);
  return auth === undefined ? undefined : encodeAuth(auth);
}

export function encodeAuth(auth: RegistryAuth): string {
  return Buffer.from(JSON.stringify(auth)).toString('base64url');
}

export async function registryAuth(registry: string): Promise<RegistryAuth | undefined> {
  const config = readConfig();
  const helper = helperFor(config, registry);
  if (helper === '') return fromFile(config, registry);
  const { helperGet, TOKEN_USER } = await import('./credential-helper.ts');
  const found = await helperGet(helper, serverName(registry));
  if (found === undefined) return undefined;
  return found.username === TOKEN_USER
    ? { identitytoken: found.secret, serveraddress: registry }
    : { username: found.username, password: found.secret, serveraddress: registry };
}

/** Name of the program that keeps this registry's credentials; empty: the file itself. */
export function helperFor(config: Json, registry: string): string {
  const own = objectAt(config, 'credHelpers');
  return textAt(own, serverName(registry)) || textAt(own, registry) || textAt(config, 'credsStore');
}

function fromFile(config: Json, registry: string): RegistryAuth | undefined {
  const auths = objectAt(config, 'auths');
  const exact = serverName(registry);
  const key = exact in auths ? exact : Object.keys(auths).find((name) => isAbout(name, registry));
  if (key === undefined) return undefined;
  const entry = objectAt(auths, key);
  const token = textAt(entry, 'identitytoken');
  const decoded = Buffer.from(textAt(entry, 'auth'), 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  if (colon < 0 && token === '') return undefined;
  return {
    ...(colon < 0 ? {} : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }),
    serveraddress: registry,
    ...(token === '' ? {} : { identitytoken: token }),
  };
}
