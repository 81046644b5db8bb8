/** A build's request: Docker's query parameters, or the document that Tiffin's own client sends ahead of the context. */

import { TiffinError } from '../../base/errors.ts';
import type { BuildRequest, RegistryAuth, Ulimit } from '../../spec/docker.ts';
import { JsonObject } from '../../spec/json-object.ts';
import type { Query } from '../query.ts';

const MAX_BYTES = Number.MAX_SAFE_INTEGER;
const MAX_SECRET = 500 * 1024;

export function parseBuildQuery(query: Query, registries: string | undefined): BuildRequest {
  const number = (name: string, min = 0) => query.integer(name, min, MAX_BYTES) ?? 0;
  return {
    dockerfile: query.nonEmpty('dockerfile') ?? 'Dockerfile',
    dockerfileText: undefined,
    ignore: undefined,
    remote: query.text('remote') ?? '',
    tags: query.all('t').filter((tag) => tag !== ''),
    target: query.text('target') ?? '',
    buildArgs: buildArgs(jsonOf(query, 'buildargs')),
    labels: textMap(jsonOf(query, 'labels'), 'labels'),
    platform: query.text('platform') ?? '',
    noCache: query.flag('nocache'),
    noCacheFilter: [],
    pull: query.flag('pull'),
    cacheFrom: texts(jsonOf(query, 'cachefrom'), 'cachefrom'),
    network: query.text('networkmode') ?? '',
    extraHosts: query
      .all('extrahosts')
      .flatMap((text) => text.split(','))
      .filter((text) => text !== ''),
    shmSize: number('shmsize'),
    ulimits: ulimits(jsonOf(query, 'ulimits')),
    securityOpt: query
      .all('securityopt')
      .flatMap((text) => texts(parse('securityopt', text), 'securityopt')),
    memory: number('memory'),
    memorySwap: number('memswap', -1),
    cpuShares: number('cpushares'),
    cpuPeriod: number('cpuperiod'),
    cpuQuota: number('cpuquota', -1),
    cpusetCpus: query.text('cpusetcpus') ?? '',
    cpusetMems: query.text('cpusetmems') ?? '',
    cgroupParent: query.text('cgroupparent') ?? '',
    squash: query.flag('squash'),
    secrets: new Map(),
    agents: new Map(),
    auth: parseRegistries(registries),
  };
}

/** The names are those of `BuildRequest`. */
export function parseBuildDocument(value: unknown): BuildRequest {
  const body = JsonObject.of(value, 'build');
  const text = (name: string) => body.text(name) ?? '';
  const count = (name: string) => body.count(name) ?? 0;
  const map = (name: string) => new Map(Object.entries(body.textMap(name) ?? {}));
  return {
    dockerfile: text('dockerfile') || 'Dockerfile',
    dockerfileText: body.text('dockerfileText'),
    ignore: body.texts('ignore'),
    remote: text('remote'),
    tags: body.texts('tags') ?? [],
    target: text('target'),
    buildArgs: map('buildArgs'),
    labels: map('labels'),
    platform: text('platform'),
    noCache: body.flag('noCache'),
    noCacheFilter: body.texts('noCacheFilter') ?? [],
    pull: body.flag('pull'),
    cacheFrom: body.texts('cacheFrom') ?? [],
    network: text('network'),
    extraHosts: body.texts('extraHosts') ?? [],
    shmSize: count('shmSize'),
    ulimits: ulimits(body.get('ulimits')),
    securityOpt: body.texts('securityOpt') ?? [],
    memory: count('memory'),
    memorySwap: count('memorySwap'),
    cpuShares: count('cpuShares'),
    cpuPeriod: count('cpuPeriod'),
    cpuQuota: count('cpuQuota'),
    cpusetCpus: text('cpusetCpus'),
    cpusetMems: text('cpusetMems'),
    cgroupParent: text('cgroupParent'),
    squash: body.flag('squash'),
    secrets: new Map([...map('secrets')].map(([id, value]) => [id, secret(id, value)])),
    agents: map('agents'),
    auth: parseRegistries(body.text('registries')),
  };
}

function secret(id: string, base64: string): Uint8Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length <= MAX_SECRET) return bytes;
  throw invalid(`secret ${id.slice(0, 80)} is larger than ${MAX_SECRET} bytes`);
}

function jsonOf(query: Query, name: string): unknown {
  const text = query.nonEmpty(name);
  return text === undefined ? undefined : parse(name, text);
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`bad parameter: ${name} is not JSON`);
  }
}

/** Null stands for a variable that the client does not have. */
function buildArgs(value: unknown): Map<string, string> {
  const object = JsonObject.of(value ?? {}, 'buildargs');
  const args = object.keys().flatMap((key): [string, string][] => {
    const text = object.text(key);
    return text === undefined ? [] : [[key, text]];
  });
  return new Map(args);
}

function textMap(value: unknown, name: string): Map<string, string> {
  const map = JsonObject.of({ [name]: value ?? {} }, 'query').textMap(name);
  return new Map(Object.entries(map ?? {}));
}

function texts(value: unknown, name: string): string[] {
  return JsonObject.of({ [name]: value ?? [] }, 'query').texts(name) ?? [];
}

function ulimits(value: unknown): Ulimit[] {
  const list = JsonObject.of({ ulimits: value ?? [] }, 'query');
  const one = (item: unknown, path: string): Ulimit => {
    const fields = JsonObject.of(item, path);
    return {
      Name: fields.requiredText('Name'),
      Soft: limit(fields, 'Soft'),
      Hard: limit(fields, 'Hard'),
    };
  };
  return list.list('ulimits', 100, one) ?? [];
}

function limit(fields: JsonObject, key: string): number {
  return fields.get(key) === -1 ? -1 : (fields.count(key) ?? 0);
}

/** `X-Registry-Config`: base64url of a map from registry to credentials. Nothing of it is repeated in a message. */
function parseRegistries(header: string | undefined): Map<string, RegistryAuth> {
  if (header === undefined || header === '') return new Map();
  let body: JsonObject;
  try {
    body = JsonObject.of(JSON.parse(Buffer.from(header, 'base64').toString('utf8')), 'registries');
  } catch {
    throw invalid('invalid X-Registry-Config header: must be base64url of a JSON object');
  }
  return new Map(
    body.keys().map((key) => {
      const fields = body.object(key);
      const auth: RegistryAuth = {};
      for (const name of ['username', 'password', 'serveraddress', 'identitytoken'] as const) {
        const value = fields?.text(name);
        if (value) auth[name] = value;
      }
      return [registryOf(key), auth];
    }),
  );
}

/** Keys are hosts or, for Docker's own registry, an old address. */
function registryOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return host === 'index.docker.io' ? 'docker.io' : host;
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-parameter', message);
}
