/** The flags of one invocation, read by name. Asking for a flag that the table does not have is a defect. */

import { assert } from '../../base/errors.ts';
import type { FlagSpec, FlagValue } from './spec.ts';

export class FlagValues {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #values = new Map<string, FlagValue>();

  constructor(specs: readonly FlagSpec[]) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
  }

  set(name: string, value: FlagValue): void {
    this.#values.set(name, value);
  }

  /** The value so far, if the flag was given. */
  given(name: string): FlagValue | undefined {
    this.#spec(name);
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.given(name) !== undefined;
  }

  /** Whether at least one flag was given. */
  any(): boolean {
    return this.#values.size > 0;
  }

  bool(name: string): boolean {
    const value = this.given(name) ?? this.#spec(name).fallback === 'true';
    assert(typeof value === 'boolean', `--${name} is a bool`);
    return value;
  }

  /** The fallback, or an empty string, when absent. */
  text(name: string): string {
    const value = this.given(name) ?? this.#spec(name).fallback ?? '';
    assert(typeof value === 'string', `--${name} is a string`);
    return value;
  }

  number(name: string): number | undefined {
    const value = this.given(name);
    assert(value === undefined || typeof value === 'number', `--${name} is a number`);
    return value;
  }

  list(name: string): string[] {
    const value = this.given(name) ?? [];
    assert(Array.isArray(value), `--${name} is a list`);
    return value;
  }

  #spec(name: string): FlagSpec {
    const spec = this.#specs.get(name);
    assert(spec !== undefined, `flag --${name} is in the table`);
    return spec;
  }
}
