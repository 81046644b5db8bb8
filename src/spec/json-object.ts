/** Reading JSON of unknown shape: each getter proves one field or throws `invalid` with the path of the field. */

import { TiffinError } from '../base/errors.ts';

/** Limits of what one field may hold. */
const MAX_ITEMS = 100_000;

/** Parses UTF-8 JSON; `what` names the document in messages. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new TiffinError('invalid', 'bad-json', `${what} is not valid JSON`, { cause });
  }
}

export class JsonObject {
  readonly #value: object;
  /** For messages: `manifest.config`. */
  readonly path: string;

  private constructor(value: object, path: string) {
    this.#value = value;
    this.path = path;
  }

  static of(value: unknown, path: string): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw mismatch(path, 'an object');
    }
    return new JsonObject(value, path);
  }

  /** Only own properties count, so `__proto__` and `constructor` are names like any other. JSON null counts as absent. */
  get(key: string): unknown {
    const found = Object.getOwnPropertyDescriptor(this.#value, key);
    return found?.value ?? undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  keys(): string[] {
    const keys = Object.keys(this.#value);
    if (keys.length > MAX_ITEMS) throw mismatch(this.path, `at most ${MAX_ITEMS} fields`);
    for (const key of keys) refuseNul(key, `a name in ${this.path}`);
    return keys;
  }

  text(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    return expectText(value, this.#field(key));
  }

  requiredText(key: string): string {
    return this.text(key) ?? missing(this.#field(key));
  }

  /** A whole number from 0 up to 2^53 - 1. */
  count(key: string): number | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw mismatch(this.#field(key), 'a non-negative whole number');
    }
    return value;
  }

  flag(key: string): boolean {
    const value = this.get(key);
    if (value === undefined) return false;
    if (typeof value !== 'boolean') throw mismatch(this.#field(key), 'true or false');
    return value;
  }

  object(key: string): JsonObject | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : JsonObject.of(value, this.#field(key));
  }

  requiredObject(key: string): JsonObject {
    return this.object(key) ?? missing(this.#field(key));
  }

  /** Each element through `parse` with its path; undefined when absent. */
  list<T>(key: string, max: number, parse: (value: unknown, path: string) => T): T[] | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    const path = this.#field(key);
    if (!Array.isArray(value)) throw mismatch(path, 'a list');
    if (value.length > max) throw mismatch(path, `at most ${max} items`);
    return value.map((item: unknown, index) => parse(item, `${path}[${index}]`));
  }

  texts(key: string): string[] | undefined {
    return this.list(key, MAX_ITEMS, expectText);
  }

  /** A map of strings without a prototype. */
  textMap(key: string): Record<string, string> | undefined {
    const object = this.object(key);
    if (object === undefined) return undefined;
    const map: Record<string, string> = Object.create(null);
    for (const name of object.keys()) map[name] = object.text(name) ?? '';
    return map;
  }

  /** The keys of a map used as a set, such as `{"80/tcp": {}}`. */
  keySet(key: string): string[] | undefined {
    return this.object(key)?.keys();
  }

  #field(key: string): string {
    return `${this.path}.${key}`;
  }
}

export function expectText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw mismatch(path, 'a string');
  return refuseNul(value, path);
}

/** A NUL would cut the text short where it reaches a system call: what was checked would not be what is used. */
function refuseNul(text: string, path: string): string {
  if (!text.includes('\0')) return text;
  throw new TiffinError('invalid', 'bad-field', `${path} must not hold a NUL character`);
}

function missing(path: string): never {
  throw new TiffinError('invalid', 'missing-field', `${path} is missing`);
}

function mismatch(path: string, wanted: string): TiffinError {
  return new TiffinError('invalid', 'bad-field', `${path} must be ${wanted}`);
}
