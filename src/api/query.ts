/** Query parameters, each read as the kind the route expects. */

import { TiffinError } from '../base/errors.ts';

const FALSE_WORDS: ReadonlySet<string> = new Set(['', '0', 'no', 'false', 'none']);
const NS_PER_SECOND = 1_000_000_000n;

export class Query {
  readonly #parameters: URLSearchParams;

  /** @param search what follows the `?`, or nothing */
  constructor(search: string) {
    this.#parameters = new URLSearchParams(search);
  }

  /** The first value; undefined when absent. */
  text(name: string): string | undefined {
    return this.#parameters.get(name) ?? undefined;
  }

  /** Undefined when absent or empty. */
  nonEmpty(name: string): string | undefined {
    const value = this.text(name);
    return value === '' ? undefined : value;
  }

  required(name: string): string {
    const value = this.nonEmpty(name);
    if (value === undefined) {
      throw new TiffinError('invalid', 'missing-parameter', `bad parameter: ${name} is required`);
    }
    return value;
  }

  all(name: string): string[] {
    return this.#parameters.getAll(name);
  }

  /** Docker's reading: everything is true but the empty word, 0, no, false and none. */
  flag(name: string, absent = false): boolean {
    const value = this.text(name);
    return value === undefined ? absent : !FALSE_WORDS.has(value.trim().toLowerCase());
  }

  /** A whole number, undefined when absent or empty. Throws `invalid` outside of `min` to `max`. */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.nonEmpty(name);
    if (text === undefined) return undefined;
    const value = /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      const range = `a whole number from ${min} to ${max}`;
      throw new TiffinError(
        'invalid',
        'bad-parameter',
        `bad parameter: ${name}=${text}: not ${range}`,
      );
    }
    return value;
  }

  /** `seconds[.fraction]` since 1970 as nanoseconds; undefined when absent, empty or 0. */
  timestamp(name: string): bigint | undefined {
    const text = this.nonEmpty(name);
    if (text === undefined) return undefined;
    const match = /^([0-9]{1,12})(?:\.([0-9]{1,9}))?$/.exec(text);
    if (match === null) {
      const wanted = 'not seconds since 1970 with an optional fraction';
      throw new TiffinError(
        'invalid',
        'bad-timestamp',
        `bad parameter: ${name}=${text}: ${wanted}`,
      );
    }
    const fraction = BigInt((match[2] ?? '').padEnd(9, '0'));
    const time = BigInt(match[1] ?? '0') * NS_PER_SECOND + fraction;
    return time === 0n ? undefined : time;
  }
}
