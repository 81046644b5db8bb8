/** docker's configuration file as far as it is about registries: read leniently, written so that what we do not know stays. */

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { configPath } from '../context/directory.ts';

/** The entry of Docker Hub has a historical name. */
export const HUB = 'https://index.docker.io/v1/';

export type Json = Record<string, unknown>;

/** Empty where there is no file, or somebody else's format: the registry says if it wants credentials. */
export function readConfig(): Json {
  try {
    return asObject(JSON.parse(readFileSync(configPath(), 'utf8')));
  } catch {
    return {};
  }
}

/** Replaces the file in one step; only its owner may read it. */
export function writeConfig(config: Json): void {
  const path = configPath();
  mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(config, undefined, '\t')}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
}

/** An own property that is an object; else an empty one. */
export function objectAt(value: Json, key: string): Json {
  return asObject(field(value, key));
}

export function textAt(value: Json, key: string): string {
  const found = field(value, key);
  return typeof found === 'string' ? found : '';
}

/** What entries for a registry are called, the usual name first. */
export function serverName(registry: string): string {
  return registry === 'docker.io' ? HUB : registry;
}

/** Whether a key of the file, such as `https://host/v1/`, is about this registry. */
export function isAbout(key: string, registry: string): boolean {
  const host = key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  if (registry === 'docker.io') return host === 'index.docker.io' || host === 'docker.io';
  return host === registry;
}

export function asObject(value: unknown): Json {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.assign(Object.create(null), value) : Object.create(null);
}

function field(value: Json, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
