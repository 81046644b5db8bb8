/** The exit record that a monitor leaves in the file `exit` and sends in its last frame. */

import { TiffinError } from '../base/errors.ts';
import type { ExitRecord } from './frames.ts';

const LINE_FEED = 10;
const decoder = new TextDecoder();

/** @throws TiffinError `bad-exit-record` for bytes that no monitor wrote. */
export function parseExitRecord(bytes: Uint8Array): ExitRecord {
  const numbers = new Map<string, bigint>();
  const captures = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, at);
    if (end < 0) throw badRecord('a line without an end');
    const [key = '', value = '', size] = decoder.decode(bytes.subarray(at, end)).split(' ');
    at = end + 1;
    if (key === 'capture') {
      const length = Number(decimal(size ?? ''));
      if (length > bytes.length - at) throw badRecord('a capture past the end');
      captures.set(value, decoder.decode(bytes.subarray(at, at + length)));
      at += length + 1;
    } else {
      numbers.set(key, decimal(value));
    }
  }
  const number = (key: string): bigint => {
    const value = numbers.get(key);
    if (value === undefined) throw badRecord(`no ${key}`);
    return value;
  };
  return {
    status: Number(number('status')),
    signal: Number(number('signal')),
    startedNs: number('started'),
    endedNs: number('ended'),
    captures,
  };
}

function decimal(text: string): bigint {
  if (!/^\d{1,20}$/.test(text)) throw badRecord(`the number ${JSON.stringify(text)}`);
  return BigInt(text);
}

function badRecord(what: string): TiffinError {
  return new TiffinError('internal', 'bad-exit-record', `broken exit record: ${what}`);
}
