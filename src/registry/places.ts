/**
 * Where images of a registry are fetched from: `/etc/tiffin/registries.json`, or the file that `TIFFIN_REGISTRIES` names.
 *
 *   { "registries": { "docker.io": { "mirrors": ["mirror.lan:5000/hub"], "location": "other.lan", "insecure": true,
 *                                    "tokenServers": ["auth.lan"] } } }
 *
 * `mirrors` are asked first, in order, for pulls only, and never get credentials. `location` takes the registry's place;
 * what follows a slash goes before the repository's name. `insecure` allows plain HTTP for all of them. `tokenServers` of another
 * owner than the registry's may have its credentials.
 */

import { readFileSync } from 'node:fs';
import { TiffinError } from '../base/errors.ts';
import { JsonObject, parseJson } from '../spec/json-object.ts';

const FILE = '/etc/tiffin/registries.json';
const MAX_MIRRORS = 16;
const MAX_TOKEN_SERVERS = 16;

export interface Place {
  registry: string;
  /** Ends with a slash, or is empty. */
  prefix: string;
  insecure: boolean;
  /** Credentials for the registry of the reference may be sent here. */
  own: boolean;
  /** Token servers on other hosts that may have them too. */
  tokenServers: readonly string[];
}

/** In the order in which they are asked; the last one is the registry itself. Throws `invalid` for a broken file. */
export function placesOf(registry: string, use: 'pull' | 'push'): Place[] {
  const rule = readRules()?.object(registry);
  if (rule === undefined) {
    return [{ registry, prefix: '', insecure: false, own: true, tokenServers: [] }];
  }
  const insecure = rule.flag('insecure');
  const location = rule.text('location') ?? registry;
  const mirrors = use === 'pull' ? (rule.texts('mirrors') ?? []).slice(0, MAX_MIRRORS) : [];
  const tokenServers = (rule.texts('tokenServers') ?? []).slice(0, MAX_TOKEN_SERVERS);
  return [
    ...mirrors.map((text) => ({ ...split(text), insecure, own: false, tokenServers: [] })),
    // Another location is another host: it gets what was meant for the registry only when it is that registry.
    { ...split(location), insecure, own: split(location).registry === registry, tokenServers },
  ];
}

function readRules(): JsonObject | undefined {
  const path = process.env.TIFFIN_REGISTRIES || FILE;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    // No file: every registry is where its name says.
    return undefined;
  }
  try {
    return JsonObject.of(parseJson(bytes, path), path).object('registries');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TiffinError('invalid', 'bad-registries-file', `${path}: ${reason}`, { cause });
  }
}

function split(text: string): { registry: string; prefix: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { registry: text, prefix: '' };
  const prefix = text.slice(slash + 1);
  return {
    registry: text.slice(0, slash),
    prefix: prefix.endsWith('/') || prefix === '' ? prefix : `${prefix}/`,
  };
}
