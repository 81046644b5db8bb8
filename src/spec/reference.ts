/**
 * Image references, `[registry/]repository[:tag][@digest]`, by the grammar of the distribution project
 * (github.com/distribution/reference) with Docker's defaults. One pass over the characters, no regular expression.
 */

import { TiffinError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import type { Digest } from './content.ts';
import { isDigest } from './digest.ts';

export interface ImageReference {
  /** Host with optional port; `docker.io` when the text named none. */
  registry: string;
  /** Path below the registry, `library/alpine` for `alpine`. */
  repository: string;
  tag?: string;
  digest?: Digest;
}

const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_NAMESPACE = 'library/';
const DEFAULT_TAG = 'latest';
const MAX_REPOSITORY = 255;
const MAX_TAG = 128;
/** More than registry, repository, tag and a sha512 digest can take. */
const MAX_TEXT = 1024;

/** Throws `invalid` with Docker's texts. A missing tag stays missing; see `withDefaultTag`. */
export function parseReference(text: string): ImageReference {
  if (text.length > MAX_TEXT) throw malformed();
  if (isId(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { registry, rest } = splitRegistry(text);
  const { path, tag, digest } = splitSuffix(rest);
  const lower = path.toLowerCase();
  if (lower !== path) {
    throw invalid(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  if (!isRegistry(registry) || !isPath(path)) throw malformed();
  if (path.length > MAX_REPOSITORY) {
    throw invalid(`repository name must not be more than ${MAX_REPOSITORY} characters`);
  }
  const reference: ImageReference = { registry, repository: path };
  if (tag !== undefined) reference.tag = checkTag(tag);
  if (digest !== undefined) reference.digest = checkDigest(digest);
  return reference;
}

/** The same reference with `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: DEFAULT_TAG };
}

/** Complete text: `docker.io/library/alpine:3`. */
export function formatReference(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}${suffix(reference)}`;
}

/** The name without tag and digest, as people write it: `alpine`, `user/app`, `localhost:5000/app`. */
export function familiarName(reference: ImageReference): string {
  const full = `${reference.registry}/${reference.repository}`;
  if (reference.registry !== DEFAULT_REGISTRY) return full;
  const { repository } = reference;
  const short = repository.slice(DEFAULT_NAMESPACE.length);
  // `library/a/b` would be read back as the repository `a/b`.
  const official = repository.startsWith(DEFAULT_NAMESPACE) && !short.includes('/');
  const name = official ? short : repository;
  // `a.b/c` would be read back as a repository of the registry `a.b`, which is somebody else's.
  return looksLikeRegistry(name.slice(0, Math.max(name.indexOf('/'), 0))) ? full : name;
}

/** `familiarName` with tag and digest. */
export function familiarReference(reference: ImageReference): string {
  return `${familiarName(reference)}${suffix(reference)}`;
}

/** Whether the registry is this machine: such a registry may speak plain HTTP. */
export function isLoopbackRegistry(registry: string): boolean {
  const host = registryHost(registry);
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  const octets = host.split('.');
  return octets.length === 4 && octets[0] === '127' && octets.every(isOctet);
}

/** Whether `text` can be a tag. */
export function isTag(text: string): boolean {
  if (text.length === 0 || text.length > MAX_TAG) return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const word = isAlphanumeric(code) || code === 95;
    if (!word && (at === 0 || (code !== 46 && code !== 45))) return false;
  }
  return true;
}

function suffix(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}

/** The part before the first slash tells: see `looksLikeRegistry`. */
function splitRegistry(text: string): { registry: string; rest: string } {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  let registry = DEFAULT_REGISTRY;
  let rest = text;
  if (slash >= 0 && looksLikeRegistry(first)) {
    registry = first === 'index.docker.io' ? DEFAULT_REGISTRY : first;
    rest = text.slice(slash + 1);
  }
  // A slash can only stand in the path, so tag and digest do not disturb this.
  const official = registry === DEFAULT_REGISTRY && !rest.includes('/');
  return { registry, rest: official ? DEFAULT_NAMESPACE + rest : rest };
}

/** The first part of a name is a registry if it has a dot, a colon or a capital, or is `localhost`. */
function looksLikeRegistry(first: string): boolean {
  return (
    first.includes('.') ||
    first.includes(':') ||
    first === 'localhost' ||
    first !== first.toLowerCase()
  );
}

function splitSuffix(rest: string): { path: string; tag?: string; digest?: string } {
  const at = rest.indexOf('@');
  const name = at < 0 ? rest : rest.slice(0, at);
  const colon = name.indexOf(':');
  const parts: { path: string; tag?: string; digest?: string } = {
    path: colon < 0 ? name : name.slice(0, colon),
  };
  if (colon >= 0) parts.tag = name.slice(colon + 1);
  if (at >= 0) parts.digest = rest.slice(at + 1);
  return parts;
}

function checkTag(tag: string): string {
  if (!isTag(tag)) throw malformed();
  return tag;
}

function checkDigest(digest: string): Digest {
  if (!isDigest(digest)) throw malformed();
  return digest;
}

/** Components of letters and digits, joined by `.`, `_`, `__` or any number of `-`. */
function isPath(path: string): boolean {
  return path.split('/').every(isPathComponent);
}

function isPathComponent(component: string): boolean {
  let at = 0;
  while (at < component.length) {
    const start = at;
    while (at < component.length && isLowerAlphanumeric(component.charCodeAt(at))) at += 1;
    if (at === start) return false;
    if (at === component.length) return true;
    at = skipSeparator(component, at);
  }
  return false;
}

/** The index after one separator; the same index when there is none. */
function skipSeparator(text: string, start: number): number {
  const first = text[start];
  if (first === '.') return start + 1;
  if (first === '_') return text[start + 1] === '_' ? start + 2 : start + 1;
  let at = start;
  while (text[at] === '-') at += 1;
  return at;
}

function isRegistry(registry: string): boolean {
  const host = registryHost(registry);
  const port = registry.slice(host.length);
  if (port !== '' && !(port.startsWith(':') && isPort(port.slice(1)))) return false;
  if (host.startsWith('[')) return host.length <= 64 && isBracketedAddress(host);
  return host.length <= 253 && host.split('.').every(isHostLabel);
}

/** The registry without its port. */
function registryHost(registry: string): string {
  const close = registry.startsWith('[') ? registry.indexOf(']') + 1 : 0;
  const colon = registry.indexOf(':', close);
  return colon < 0 ? registry : registry.slice(0, colon);
}

function isHostLabel(label: string): boolean {
  if (label.length === 0 || label.startsWith('-') || label.endsWith('-')) return false;
  return everyCode(label, (code) => isAlphanumeric(code) || code === 45);
}

function isBracketedAddress(host: string): boolean {
  if (!host.endsWith(']') || host.length < 4) return false;
  return everyCode(host.slice(1, -1), (code) => code === 58 || isHexDigit(code));
}

function isPort(text: string): boolean {
  if (text.length === 0 || text.length > 5) return false;
  return everyCode(text, isDigit) && Number(text) <= 65535;
}

function isOctet(text: string): boolean {
  return text.length > 0 && text.length <= 3 && everyCode(text, isDigit) && Number(text) <= 255;
}

function everyCode(text: string, test: (code: number) => boolean): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (!test(text.charCodeAt(at))) return false;
  }
  return true;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isLowerAlphanumeric(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 122);
}

function isAlphanumeric(code: number): boolean {
  return isLowerAlphanumeric(code) || (code >= 65 && code <= 90);
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}

function malformed(): TiffinError {
  return invalid('invalid reference format');
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-reference', message);
}
