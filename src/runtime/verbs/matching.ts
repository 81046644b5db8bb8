/** `--regex`: the containers whose id a regular expression finds, as crun has it. */

import { TiffinError } from '../../base/errors.ts';
import type { OciContext } from '../context.ts';
import { StateDirectory } from '../state-directory.ts';

/** The pattern is the caller's own and meets ids of at most 255 letters. */
export function matchingIds(pattern: string, { root }: OciContext): string[] {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch {
    throw new TiffinError('invalid', 'invalid-pattern', `invalid regular expression: ${pattern}`);
  }
  return StateDirectory.list(root).filter((id) => expression.test(id));
}
