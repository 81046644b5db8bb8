/** Credentials for a registry from docker's configuration file, as far as they stand in the file itself. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import type { RegistryAuth } from '../../spec/docker.ts';

/** The entry of Docker Hub has a historical name. */
const HUB = 'https://index.docker.io/v1/';

/** The `X-Registry-Auth` header for an image of this registry; undefined: anonymous. */
export function registryAuthHeader(registry: string): string | undefined {
  const auth = readAuth(registry);
  return auth === undefined ? undefined : Buffer.from(JSON.stringify(auth)).toString('base64url');
}

function readAuth(registry: string): RegistryAuth | undefined {
  const directory = process.env.DOCKER_CONFIG || `${homedir()}/.docker`;
  const auths = field(readJson(`${directory}/config.json`), 'auths');
  const entry = field(auths, registry === 'docker.io' ? HUB : registry);
  const token = field(entry, 'identitytoken');
  const encoded = field(entry, 'auth');
  if (typeof encoded !== 'string' || encoded === '') return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return undefined;
  const auth: RegistryAuth = {
    username: decoded.slice(0, colon),
    password: decoded.slice(colon + 1),
    serveraddress: registry,
  };
  if (typeof token === 'string' && token !== '') auth.identitytoken = token;
  return auth;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // No file, or somebody else's format: pull without credentials, the registry says if it wants some.
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
