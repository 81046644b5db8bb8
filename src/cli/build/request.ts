/** From the flags of `tiffin build` to the document that goes ahead of the context. */

import { readFileSync } from 'node:fs';
import { errorMessage } from '../../base/errors.ts';
import { parseDockerfile } from '../../build/parse.ts';
import { parseReference } from '../../spec/reference.ts';
import { CliError } from '../command.ts';
import { parseUlimit } from '../container/ulimit.ts';
import type { FlagValues } from '../flags/values.ts';
import { registryAuth } from '../image/registry-auth.ts';

/** What the flags alone say. */
export function requestOf(flags: FlagValues): Record<string, unknown> {
  return {
    tags: flags.list('tag'),
    target: flags.text('target'),
    buildArgs: buildArgs(flags.list('build-arg')),
    labels: pairs(flags.list('label')),
    platform: flags.text('platform'),
    noCache: flags.bool('no-cache'),
    noCacheFilter: flags.list('no-cache-filter'),
    pull: flags.bool('pull'),
    cacheFrom: flags.list('cache-from'),
    network: flags.text('network'),
    extraHosts: flags.list('add-host').map((text) => text.replace(/^([^:=]+)=/, '$1:')),
    shmSize: flags.number('shm-size') ?? 0,
    ulimits: flags.list('ulimit').map(parseUlimit),
    securityOpt: flags.list('security-opt'),
    memory: flags.number('memory') ?? 0,
    memorySwap: Math.max(flags.number('memory-swap') ?? 0, 0),
    cpuShares: flags.number('cpu-shares') ?? 0,
    cpuPeriod: flags.number('cpu-period') ?? 0,
    cpuQuota: Math.max(flags.number('cpu-quota') ?? 0, 0),
    cpusetCpus: flags.text('cpuset-cpus'),
    cpusetMems: flags.text('cpuset-mems'),
    cgroupParent: flags.text('cgroup-parent'),
    squash: flags.bool('squash'),
    secrets: secrets(flags.list('secret')),
    agents: agents(flags.list('ssh')),
  };
}

/** Credentials for the registries that the Dockerfile names outright. */
export async function registriesOf(dockerfile: string): Promise<string | undefined> {
  const found: Record<string, unknown> = {};
  for (const registry of registries(dockerfile)) {
    const auth = await registryAuth(registry);
    if (auth !== undefined) found[registry] = auth;
  }
  if (Object.keys(found).length === 0) return undefined;
  return Buffer.from(JSON.stringify(found)).toString('base64url');
}

/** None of a file that is wrong: the engine says so, with the line. */
function registries(dockerfile: string): Set<string> {
  try {
    const { stages } = parseDockerfile(dockerfile);
    const names = stages.flatMap((stage) => [
      stage.base,
      ...stage.instructions.flatMap((one) => (one.kind === 'copy' ? (one.flags.from ?? []) : [])),
    ]);
    return new Set(names.flatMap(registryOf));
  } catch {
    return new Set();
  }
}

function registryOf(name: string): string[] {
  try {
    return [parseReference(name).registry];
  } catch {
    return [];
  }
}

/** A name alone takes the value of our own environment, if there is one. */
function buildArgs(texts: readonly string[]): Record<string, string> {
  const args: Record<string, string> = Object.create(null);
  for (const text of texts) {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    const value = equals < 0 ? process.env[key] : text.slice(equals + 1);
    if (value !== undefined) args[key] = value;
  }
  const epoch = process.env.SOURCE_DATE_EPOCH;
  if (epoch !== undefined && args.SOURCE_DATE_EPOCH === undefined) args.SOURCE_DATE_EPOCH = epoch;
  return args;
}

function pairs(texts: readonly string[]): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  for (const text of texts) {
    const equals = text.indexOf('=');
    map[equals < 0 ? text : text.slice(0, equals)] = equals < 0 ? '' : text.slice(equals + 1);
  }
  return map;
}

/** `id=x,src=path`, `id=x,env=NAME`, `type=file|env`. */
function secrets(texts: readonly string[]): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  for (const text of texts) {
    const fields = fieldsOf(text, ['id', 'src', 'source', 'env', 'type']);
    const id = fields.get('id') ?? fields.get('src') ?? fields.get('source') ?? '';
    if (id === '') throw new CliError(`invalid secret ${text}: id is missing`);
    map[id] = secretValue(id, fields).toString('base64');
  }
  return map;
}

function secretValue(id: string, fields: ReadonlyMap<string, string>): Buffer {
  const source = fields.get('src') ?? fields.get('source');
  const isVariable = fields.get('type') === 'env' || fields.has('env');
  const name = fields.get('env') ?? source ?? id;
  if (!isVariable && source === undefined && process.env[id] === undefined) {
    throw new CliError(`secret ${id}: neither src nor env is given`);
  }
  if (isVariable || source === undefined) {
    const value = process.env[name];
    if (value === undefined)
      throw new CliError(`secret ${id}: environment variable ${name} is not set`);
    return Buffer.from(value);
  }
  try {
    return readFileSync(source);
  } catch (error) {
    throw new CliError(`failed to read secret ${id}: ${errorMessage(error)}`);
  }
}

/** `default`, `default=/path/of/socket`. */
function agents(texts: readonly string[]): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  for (const text of texts) {
    const equals = text.indexOf('=');
    const id = equals < 0 ? text : text.slice(0, equals);
    const socket = equals < 0 ? (process.env.SSH_AUTH_SOCK ?? '') : text.slice(equals + 1);
    if (socket === '') {
      throw new CliError(`invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set`);
    }
    map[id] = socket;
  }
  return map;
}

export function fieldsOf(text: string, known: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (!known.includes(key)) throw new CliError(`invalid field '${field}' in ${text}`);
    fields.set(key, equals < 0 ? '' : field.slice(equals + 1));
  }
  return fields;
}
