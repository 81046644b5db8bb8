/** Type signatures of D-Bus: the specification's «Type System». */

import { TiffinError } from '../base/errors.ts';

const SINGLE = 'ybnqiuxtdsogv';
const MAX_LENGTH = 255;
const MAX_DEPTH = 32;

/** `sa(sv)u` → `s`, `a(sv)`, `u`. Throws `bad-message` for what is no signature. */
export function completeTypes(signature: string): string[] {
  if (signature.length > MAX_LENGTH) throw badSignature(signature);
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = typeEnd(signature, at, 0);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

/** Bytes that a value of the type starts at a multiple of. */
export function alignment(type: string): number {
  const first = type[0] ?? '';
  if ('ygv'.includes(first)) return 1;
  if ('nq'.includes(first)) return 2;
  return 'biusoa'.includes(first) ? 4 : 8;
}

/** Behind the complete type that starts at `at`. */
function typeEnd(signature: string, at: number, depth: number): number {
  const first = signature[at];
  if (first === undefined || depth > MAX_DEPTH) throw badSignature(signature);
  if (SINGLE.includes(first)) return at + 1;
  if (first === 'a') return typeEnd(signature, at + 1, depth + 1);
  const close = first === '(' ? ')' : first === '{' ? '}' : undefined;
  if (close === undefined) throw badSignature(signature);
  let end = at + 1;
  while (signature[end] !== close) end = typeEnd(signature, end, depth + 1);
  // An empty struct is none.
  if (end === at + 1) throw badSignature(signature);
  return end + 1;
}

function badSignature(signature: string): TiffinError {
  return new TiffinError(
    'unavailable',
    'bad-message',
    `not a D-Bus signature: ${JSON.stringify(signature.slice(0, 64))}`,
  );
}
