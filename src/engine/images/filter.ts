/** `images --filter`. */

import { TiffinError } from '../../base/errors.ts';
import type { Filters } from '../../spec/docker.ts';
import type { ImageRecord } from '../../store/index.ts';
import { anyOf, checkFilters, matchesLabels, parseUntil } from '../filters.ts';
import type { Parts } from '../parts.ts';

type Test = (image: ImageRecord) => boolean;

/** Throws `invalid` for filters and values that do not exist. */
export function imageFilter(parts: Parts, filters: Filters): Test {
  checkFilters(filters, ['before', 'dangling', 'label', 'reference', 'since', 'until']);
  const until = parseUntil(filters);
  const parents = parts.store.parents.all();
  const isDangling = ({ id, tags }: ImageRecord) => tags.length === 0 && !parents.has(id);
  const created = (name: string): number => parts.store.images.resolve(name).createdMs;
  const befores = (filters.get('before') ?? []).map(created);
  const sinces = (filters.get('since') ?? []).map(created);
  return (image) =>
    matchesLabels(image.config.config.labels, filters.get('label')) &&
    anyOf(filters.get('dangling'), (value) => parseSwitch(value) === isDangling(image)) &&
    anyOf(filters.get('reference'), (value) => matchesReference(image, value)) &&
    befores.every((ms) => image.createdMs < ms) &&
    sinces.every((ms) => image.createdMs > ms) &&
    (until === undefined || image.createdMs < until);
}

function matchesReference(image: ImageRecord, pattern: string): boolean {
  return [...image.tags, ...image.digests].some((name) => matchesName(name, pattern));
}

/** The image with the names only that a filter by reference asks for. */
export function withAskedNames(image: ImageRecord, filters: Filters): ImageRecord {
  const patterns = filters.get('reference');
  if (patterns === undefined || patterns.length === 0) return image;
  const isAsked = (name: string) => patterns.some((pattern) => matchesName(name, pattern));
  return { ...image, tags: image.tags.filter(isAsked), digests: image.digests.filter(isAsked) };
}

/** A pattern with `*` for any part without a slash; without a tag it matches every tag. */
export function matchesName(name: string, pattern: string): boolean {
  const at = name.includes('@') ? name.indexOf('@') : name.lastIndexOf(':');
  return matchesGlob(name, pattern) || matchesGlob(name.slice(0, at), pattern);
}

/** Linear: a `*` that failed is tried again one character further, and only the last one ever is. */
export function matchesGlob(text: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === '*') {
      star = at;
      retry = index;
      at += 1;
    } else if (pattern[at] === '?' ? text[index] !== '/' : pattern[at] === text[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0 && text[retry] !== '/') {
      retry += 1;
      index = retry;
      at = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** Throws `invalid` for anything but true, false, 1 and 0. */
export function parseSwitch(value: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new TiffinError(
    'invalid',
    'bad-filter',
    `invalid filter 'dangling=[${value.slice(0, 40)}]'`,
  );
}
