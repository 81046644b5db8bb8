/** Docker's contexts: one directory per context below `contexts/meta` of the client's configuration, with a `meta.json`. */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errnoName } from '../../base/errors.ts';
import { socketPath } from '../client/engine.ts';
import { CliError } from '../command.ts';
import { asObject, type Json, objectAt, textAt } from '../image/docker-config.ts';
import { contextId, DEFAULT_CONTEXT, defaultHost, metaPath, notFound } from './current.ts';
import { configDirectory } from './directory.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;
/** More is nobody's description of an endpoint. */
const MAX_META = 1024 * 1024;

export interface Context {
  name: string;
  description: string;
  host: string;
  /** Everything in `meta.json`, unknown fields too. */
  meta: Json;
}

export function checkName(name: string): void {
  if (name === DEFAULT_CONTEXT) {
    throw new CliError(`${JSON.stringify(name)} is a reserved context name`);
  }
  if (!NAME.test(name)) {
    throw new CliError(
      `context name ${JSON.stringify(name)} is invalid, names are validated against regexp "${NAME.source}"`,
    );
  }
}

/** The context `default` is never on disk: it is what the environment says. */
export function readContext(name: string): Context {
  if (name === DEFAULT_CONTEXT) return defaultContext();
  const path = metaPath(name);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
    throw new CliError(notFound(name, path));
  }
  return parseContext(text, path);
}

export function contextExists(name: string): boolean {
  try {
    readContext(name);
    return true;
  } catch {
    return false;
  }
}

/** By name, `default` among them. What cannot be read is left out. */
export function listContexts(): Context[] {
  const root = `${configDirectory()}/contexts/meta`;
  const found = [defaultContext()];
  for (const id of directoriesOf(root)) {
    try {
      const path = `${root}/${id}/meta.json`;
      found.push(parseContext(readFileSync(path, 'utf8'), path));
    } catch {
      // Half a context, or another program's file: docker's own list passes over it too.
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Total: a text that is no context is refused with its origin. */
export function parseContext(text: string, origin: string): Context {
  let parsed: unknown;
  try {
    parsed = text.length > MAX_META ? undefined : JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new CliError(`invalid context metadata in ${origin}`);
  }
  const meta = asObject(parsed);
  return {
    name: textAt(meta, 'Name'),
    description: textAt(objectAt(meta, 'Metadata'), 'Description'),
    host: textAt(objectAt(objectAt(meta, 'Endpoints'), 'docker'), 'Host'),
    meta,
  };
}

/** The file appears whole. `meta`: fields to keep of an earlier one. */
export function writeContext(
  name: string,
  description: string,
  host: string,
  meta: Json = Object.create(null),
): void {
  const path = metaPath(name);
  const endpoints = objectAt(meta, 'Endpoints');
  const metadata = { ...objectAt(meta, 'Metadata') };
  delete metadata.Description;
  const content = {
    ...meta,
    Name: name,
    Metadata: description === '' ? metadata : { ...metadata, Description: description },
    Endpoints: { ...endpoints, docker: { Host: host, SkipTLSVerify: false } },
  };
  mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true, mode: 0o755 });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(content), { mode: 0o644 });
  renameSync(temporary, path);
}

export function removeContext(name: string): void {
  for (const part of ['meta', 'tls']) {
    rmSync(`${configDirectory()}/contexts/${part}/${contextId(name)}`, {
      recursive: true,
      force: true,
    });
  }
}

/** The endpoint of `--docker host=…` or `--docker from=…`. */
export function parseEndpoint(words: readonly string[]): string {
  const options = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 0)
      throw new CliError(
        `invalid argument "${word}" for "--docker" flag: ${word} must be formatted as key=value`,
      );
    options.set(word.slice(0, equals), word.slice(equals + 1));
  }
  const from = options.get('from');
  for (const [key, value] of options) checkEndpointOption(key, value);
  if (from !== undefined) return readContext(from).host;
  return options.get('host') ?? defaultHost();
}

/** Contexts of Docker may be about machines far away; those that Tiffin makes are about a socket of this one. */
export function checkHost(host: string): void {
  socketPath(host);
}

function checkEndpointOption(key: string, value: string): void {
  const wrong = (reason: string) =>
    new CliError(`unable to create docker endpoint config: ${reason}`);
  if (key === 'host') checkHost(value);
  if (key === 'host' || key === 'from') return;
  if (['ca', 'cert', 'key', 'skip-tls-verify'].includes(key)) {
    throw wrong(`${key} has no use here: Tiffin's own commands speak to a unix socket`);
  }
  throw wrong(`unrecognized config key: ${key}`);
}

function defaultContext(): Context {
  const host = defaultHost();
  return {
    name: DEFAULT_CONTEXT,
    description: 'Current DOCKER_HOST based configuration',
    host,
    meta: asObject({
      Name: DEFAULT_CONTEXT,
      Metadata: {},
      Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
    }),
  };
}

function directoriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
