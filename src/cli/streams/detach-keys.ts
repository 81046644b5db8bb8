/** `--detach-keys`: a sequence typed into a terminal that ends the connection and leaves the container running. */

import { ValueError } from '../values/number.ts';

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

const CONTROL: ReadonlyMap<string, number> = new Map([
  ...[...'abcdefghijklmnopqrstuvwxyz'].map((letter, index): [string, number] => [
    letter,
    index + 1,
  ]),
  ['@', 0],
  ['[', 27],
  ['\\', 28],
  [']', 29],
  ['^', 30],
  ['_', 31],
]);

/** `ctrl-p,ctrl-q` or `a,b`: one code per key. */
export function parseDetachKeys(text: string): number[] {
  return text.split(',').map((key) => {
    const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
    const code = control === undefined ? singleCode(key) : CONTROL.get(control);
    if (code === undefined) throw new ValueError(`Invalid detach keys (${text}) provided`);
    return code;
  });
}

function singleCode(key: string): number | undefined {
  return key.length === 1 ? key.charCodeAt(0) : undefined;
}

export class DetachScanner {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** What to send on; a begun sequence is held back until it is complete or broken. */
  push(bytes: Uint8Array): { pass: Uint8Array; detached: boolean } {
    const pass: number[] = [];
    for (const byte of bytes) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length)
          return { pass: Uint8Array.from(pass), detached: true };
      } else {
        pass.push(...this.#keys.slice(0, this.#matched));
        this.#matched = byte === this.#keys[0] ? 1 : 0;
        if (this.#matched === 0) pass.push(byte);
      }
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}
