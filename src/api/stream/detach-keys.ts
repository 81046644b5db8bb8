/** The key sequence that leaves a terminal without ending the program, `ctrl-p,ctrl-q` unless asked otherwise. */

import { TiffinError } from '../../base/errors.ts';

const DEFAULT_KEYS = Uint8Array.of(0x10, 0x11);
const MAX_KEYS = 32;
/** The letters of `ctrl-@` to `ctrl-_`, whose codes are 0 to 31. */
const CONTROLS = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/** `ctrl-a,b,…`: comma separated letters, or `ctrl-` and one of a-z @ [ \ ] ^ _. Empty: the default. */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return DEFAULT_KEYS;
  const keys = text.split(',');
  if (keys.length > MAX_KEYS) throw invalid(text);
  return Uint8Array.from(keys, (key) => parseKey(key, text));
}

function parseKey(key: string, text: string): number {
  if (key.length === 1) return checkByte(key.charCodeAt(0), text);
  const control = key.toLowerCase().startsWith('ctrl-') && key.length === 6;
  const code = control ? CONTROLS.indexOf(key.slice(5).toLowerCase()) : -1;
  if (code < 0) throw invalid(text);
  return code;
}

function checkByte(code: number, text: string): number {
  if (code > 0x7f) throw invalid(text);
  return code;
}

function invalid(text: string): TiffinError {
  return new TiffinError('invalid', 'bad-detach-keys', `invalid detach keys (${text}) provided`);
}

/** Finds the sequence in what is typed, also across chunks. Keys that began it but did not finish it are passed on. */
export class DetachScanner {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What may be passed on, and whether the sequence is complete; what follows it is dropped. */
  push(bytes: Uint8Array): { pass: Uint8Array; detached: boolean } {
    const first = this.#keys[0];
    if (first === undefined || (this.#matched === 0 && !bytes.includes(first))) {
      return { pass: bytes, detached: false };
    }
    const pass: number[] = [];
    for (const byte of bytes) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length)
          return { pass: Uint8Array.from(pass), detached: true };
      } else {
        pass.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = byte === first ? 1 : 0;
        if (this.#matched === 0) pass.push(byte);
      }
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}
