/** Readers for the kinds of field that only Docker's request bodies have. Docker's defaults stand where the client said nothing. */

import { TiffinError } from '../../base/errors.ts';
import { expectText, JsonObject } from '../../spec/json-object.ts';

/** Any list in a request body. */
const MAX_ITEMS = 10_000;

/** The document of a body that must not be empty, in Docker's words. */
export function bodyObject(value: unknown): JsonObject {
  if (value === undefined || value === null) {
    throw new TiffinError(
      'invalid',
      'empty-body',
      'invalid JSON: got EOF while reading request body',
    );
  }
  return JsonObject.of(value, 'body');
}

/** The document of a body that may be empty. */
export function optionalBodyObject(value: unknown): JsonObject {
  return JsonObject.of(value ?? {}, 'body');
}

export function text(object: JsonObject, key: string): string {
  return object.text(key) ?? '';
}

export function texts(object: JsonObject, key: string): string[] {
  return object.list(key, MAX_ITEMS, expectText) ?? [];
}

export function nullableTexts(object: JsonObject, key: string): string[] | null {
  return object.list(key, MAX_ITEMS, expectText) ?? null;
}

/** A list of strings, or one string for a list of one, as old clients write commands. */
export function command(object: JsonObject, key: string): string[] | null {
  const value = object.get(key);
  return typeof value === 'string' ? [expectText(value, key)] : nullableTexts(object, key);
}

export function textMap(object: JsonObject, key: string): Record<string, string> {
  return object.textMap(key) ?? Object.create(null);
}

/** A map used as a set: `{"80/tcp": {}}`. */
export function keySet(object: JsonObject, key: string): Record<string, Record<string, never>> {
  const set: Record<string, Record<string, never>> = Object.create(null);
  for (const name of object.keySet(key) ?? []) set[name] = {};
  return set;
}

/** A whole number of either sign, or undefined. Throws `invalid` outside of `min` to `max`. */
export function optionalInteger(
  object: JsonObject,
  key: string,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const value = object.get(key);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    const range = min === Number.MIN_SAFE_INTEGER ? '' : ` from ${min} to ${max}`;
    throw mismatch(`${object.path}.${key}`, `a whole number${range}`);
  }
  return value;
}

export function integer(object: JsonObject, key: string, min?: number, max?: number): number {
  return optionalInteger(object, key, min, max) ?? 0;
}

export function optionalFlag(object: JsonObject, key: string): boolean | undefined {
  return object.has(key) ? object.flag(key) : undefined;
}

/** One of a closed set of words, or undefined. */
export function optionalWord<const Words extends readonly string[]>(
  object: JsonObject,
  key: string,
  words: Words,
): Words[number] | undefined {
  const value = object.text(key);
  if (value === undefined) return undefined;
  const found = words.find((word) => word === value);
  if (found === undefined) {
    const known = words.filter((word) => word !== '').join(', ');
    throw mismatch(`${object.path}.${key}`, `one of ${known}, not ${JSON.stringify(value)}`);
  }
  return found;
}

/** Each element must be an object. */
export function objects<T>(object: JsonObject, key: string, parse: (item: JsonObject) => T): T[] {
  const read = (value: unknown, path: string) => parse(JsonObject.of(value, path));
  return object.list(key, MAX_ITEMS, read) ?? [];
}

/** A map whose values are objects, without a prototype; a null value becomes an empty object. */
export function objectMap<T>(
  object: JsonObject,
  key: string,
  parse: (item: JsonObject) => T,
): Record<string, T> {
  const map: Record<string, T> = Object.create(null);
  const source = object.object(key);
  if (source === undefined) return map;
  for (const name of source.keys()) {
    map[name] = parse(JsonObject.of(source.get(name) ?? {}, `${source.path}.${name}`));
  }
  return map;
}

/** Rows and columns. */
export function consoleSize(object: JsonObject, key: string): [number, number] | undefined {
  const size = object.list(key, 2, expectSize);
  if (size === undefined) return undefined;
  return [size[0] ?? 0, size[1] ?? 0];
}

export function expectTexts(value: unknown, path: string): string[] {
  if (!Array.isArray(value)) throw mismatch(path, 'a list');
  return value.map((item: unknown, index) => expectText(item, `${path}[${index}]`));
}

function expectSize(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw mismatch(path, 'a whole number from 0 to 65535');
  }
  return value;
}

function mismatch(path: string, wanted: string): TiffinError {
  return new TiffinError('invalid', 'bad-field', `${path} must be ${wanted}`);
}
