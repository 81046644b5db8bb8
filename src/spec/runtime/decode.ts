/**
 * Decoders: one declaration gives both the check of a JSON value and its TypeScript type.
 * A decoder is total: it returns the typed value or throws a `TiffinError` that names the field's path.
 */

import { TiffinError } from '../../base/errors.ts';

export type Decoder<T> = (value: unknown, path: string) => T;
export type Decoded<D> = D extends Decoder<infer T> ? T : never;

type Shape = Readonly<Record<string, Decoder<unknown>>>;
type ObjectOf<R extends Shape, O extends Shape> = { [K in keyof R]: Decoded<R[K]> } & {
  [K in keyof O]?: Decoded<O[K]>;
};

/** Refuses a value: `<path>: expected <what>, got <value>`. */
export function refuse(path: string, expected: string, value: unknown): never {
  throw new TiffinError(
    'invalid',
    'invalid-field',
    `${path === '' ? 'document' : path}: expected ${expected}, got ${show(value)}`,
  );
}

export const text: Decoder<string> = (value, path) => {
  if (typeof value !== 'string') refuse(path, 'a string', value);
  // Every string of these documents can become a C string, which a NUL would silently shorten.
  if (value.includes('\0')) refuse(path, 'a string without NUL', value);
  return value;
};

export const truth: Decoder<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'a boolean', value);

/**
 * JSON whose integers beyond 2^53 come as `bigint`, so that a decoder may have them exactly.
 * @throws SyntaxError
 */
export function parseExactJson(source: string): unknown {
  // Sixteen digits are rare, and asking for the text of every number takes time.
  return /\d{16}/.test(source) ? JSON.parse(source, exactInteger) : JSON.parse(source);
}

function exactInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined)
    return value;
  return /^-?\d{16,20}$/.test(source) ? BigInt(source) : value;
}

/**
 * An integer within bounds. Values beyond 2^53 lose precision as JSON numbers do, so the bounds of
 * 64-bit kinds admit the rounded limits themselves (2^63 and 2^64).
 */
export function integer(minimum: number, maximum: number): Decoder<number> {
  return (given, path) => {
    const value = typeof given === 'bigint' ? Number(given) : given;
    if (typeof value !== 'number' || !Number.isInteger(value)) refuse(path, 'an integer', value);
    if (value < minimum || value > maximum) {
      refuse(path, `an integer from ${minimum} to ${maximum}`, value);
    }
    return value;
  };
}

export const int32 = integer(-(2 ** 31), 2 ** 31 - 1);
export const int64 = integer(-(2 ** 63), 2 ** 63);
export const uint16 = integer(0, 0xffff);
export const uint32 = integer(0, 0xffffffff);
export const uint64 = integer(0, 2 ** 64);

/** A `uint64` without rounding, from `parseExactJson`. */
export const exactUint64: Decoder<number | bigint> = (value, path) =>
  typeof value === 'bigint' && value >= 0n && value < 1n << 64n ? value : uint64(value, path);

export function oneOf<const T extends string>(...values: readonly T[]): Decoder<T> {
  return (value, path) => {
    const found = values.find((candidate) => candidate === value);
    return found ?? refuse(path, `one of ${values.join(', ')}`, value);
  };
}

export function list<T>(item: Decoder<T>): Decoder<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) refuse(path, 'an array', value);
    return value.map((entry, index) => item(entry, `${path}[${index}]`));
  };
}

/** An object with arbitrary keys. The result has no prototype: keys such as `__proto__` are only data. */
export function record<T>(item: Decoder<T>): Decoder<Record<string, T>> {
  return (value, path) => {
    if (!isObject(value)) refuse(path, 'an object', value);
    const result: Record<string, T> = Object.create(null);
    for (const [key, entry] of Object.entries(value)) result[key] = item(entry, join(path, key));
    return result;
  };
}

/**
 * An object with known fields. Unknown fields are kept as they are; an optional field that is `null`
 * counts as absent, because Go's encoder writes empty slices and maps that way.
 */
export function object<R extends Shape, O extends Shape>(
  required: R,
  optional: O,
): Decoder<ObjectOf<R, O>> {
  const known = new Map<string, Decoder<unknown>>([
    ...Object.entries(required),
    ...Object.entries(optional),
  ]);
  return (value, path) => {
    if (!isObject(value)) refuse(path, 'an object', value);
    const result: Record<string, unknown> = Object.create(null);
    for (const key of Object.keys(required)) {
      if (!Object.hasOwn(value, key)) refuse(join(path, key), 'a value', undefined);
    }
    for (const [key, entry] of Object.entries(value)) {
      const decoder = known.get(key);
      if (decoder === undefined) result[key] = entry;
      else if (entry !== null || Object.hasOwn(required, key)) {
        result[key] = decoder(entry, join(path, key));
      }
    }
    // The loop above decoded exactly the fields of R and O.
    return result as ObjectOf<R, O>;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** A value in an error message: JSON, at most 64 characters. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  const written = typeof value === 'bigint' ? `${value}` : JSON.stringify(value);
  return written.length > 64 ? `${written.slice(0, 61)}…` : written;
}
