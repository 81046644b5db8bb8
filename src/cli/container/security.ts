/** `--security-opt`: profiles are read here, because the engine sees another file system view than the caller. */

import { readFileSync } from 'node:fs';
import { errnoName } from '../../base/errors.ts';
import { ValueError } from '../values/number.ts';
import { openFailure } from './env-file.ts';

export interface SecurityRequest {
  options: string[];
  /** `systempaths=unconfined`: nothing is masked or read-only. */
  unmasked: boolean;
}

export function securityRequest(texts: readonly string[]): SecurityRequest {
  const request: SecurityRequest = { options: [], unmasked: false };
  for (const text of texts) {
    if (text === 'systempaths=unconfined') request.unmasked = true;
    else request.options.push(securityOption(text));
  }
  return request;
}

function securityOption(text: string): string {
  const split = /[=:]/.exec(text)?.index;
  if (split === undefined) {
    if (text !== 'no-new-privileges') throw new ValueError(`Invalid --security-opt: "${text}"`);
    return text;
  }
  const name = text.slice(0, split);
  const value = text.slice(split + 1);
  if (name !== 'seccomp' || value === 'unconfined' || value === 'builtin') return text;
  return `seccomp=${readProfile(value)}`;
}

function readProfile(path: string): string {
  try {
    return JSON.stringify(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (errnoName(error) === undefined) {
      throw new ValueError(`compacting json for seccomp profile (${path}) failed: not valid JSON`);
    }
    throw new ValueError(`opening seccomp profile (${path}) failed: ${openFailure(path, error)}`);
  }
}
