/**
 * Which engine a command talks to, in docker's order: `-H`, `--context`, TIFFIN_HOST, DOCKER_HOST, DOCKER_CONTEXT, the configuration's
 * `currentContext`, then this machine's default engine.
 */

import { readFileSync } from 'node:fs';
import type { Connect } from '../client/client.ts';
import { defaultSocket, engineConnector } from '../client/engine.ts';
import { CliError } from '../command.ts';
import type { Globals } from '../globals.ts';
import { configDirectory, configPath } from './directory.ts';

export const DEFAULT_CONTEXT = 'default';

/** The engine that was chosen. Nothing is read before it is asked. */
export interface EngineAddress {
  /** The context's name; `default` when an address was given. */
  context(): string;
  /** `unix:///path`, or whatever else the context says. */
  host(): string;
  connect: Connect;
}

export function engineAddress(globals: Globals): EngineAddress {
  let connect: Connect | undefined;
  return {
    context: () => currentContext(globals),
    host: () => currentHost(globals) ?? `unix://${defaultSocket}`,
    connect: () => {
      connect ??= engineConnector(currentHost(globals));
      return connect();
    },
  };
}

/** The address of the default context when no flag speaks. */
export function defaultHost(): string {
  return hostOfEnvironment() ?? `unix://${defaultSocket}`;
}

/** The variable that keeps `context use` from having an effect; undefined when none is set. */
export function overridingVariable(): string | undefined {
  return ['TIFFIN_HOST', 'DOCKER_HOST'].find((name) => Boolean(process.env[name]));
}

function hostOfEnvironment(): string | undefined {
  const name = overridingVariable();
  return name === undefined ? undefined : process.env[name];
}

function currentContext(globals: Globals): string {
  if (globals.context !== undefined) return globals.context;
  if (globals.host !== undefined || hostOfEnvironment() !== undefined) return DEFAULT_CONTEXT;
  return process.env.DOCKER_CONTEXT || configuredContext() || DEFAULT_CONTEXT;
}

/** Undefined: the default engine, which is started when it does not answer. */
function currentHost(globals: Globals): string | undefined {
  const context = currentContext(globals);
  if (context !== DEFAULT_CONTEXT) return contextHost(context);
  return globals.host ?? hostOfEnvironment();
}

function configuredContext(): string {
  return textAt(parseFile(configPath()), 'currentContext');
}

function contextHost(name: string): string {
  const path = metaPath(name);
  try {
    readFileSync(path);
  } catch {
    throw new CliError(
      `Failed to initialize: unable to resolve docker endpoint: ${notFound(name, path)}`,
    );
  }
  return endpointHost(parseFile(path)) || `unix://${defaultSocket}`;
}

export function notFound(name: string, path: string): string {
  return `context ${JSON.stringify(name)}: context not found: open ${path}: no such file or directory`;
}

/** Directories of contexts are named by a digest, so no name is ever a path. */
export function contextId(name: string): string {
  return new Bun.CryptoHasher('sha256').update(name).digest('hex');
}

export function metaPath(name: string): string {
  return `${configDirectory()}/contexts/meta/${contextId(name)}/meta.json`;
}

/** The docker endpoint's `Host` of a context's metadata. */
export function endpointHost(meta: unknown): string {
  return textAt(at(at(meta, 'Endpoints'), 'docker'), 'Host');
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function at(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

function textAt(value: unknown, key: string): string {
  const found = at(value, key);
  return typeof found === 'string' ? found : '';
}
