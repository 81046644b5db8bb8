/** Environment variables and labels from flags and files. */

import { readFileSync } from 'node:fs';
import { errnoName } from '../../base/errors.ts';
import { ValueError } from '../values/number.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Files first, so that a flag wins. A bare name takes our own value, or is left out when we have none. */
export function collectEnv(
  files: readonly string[],
  flags: readonly string[],
  environment: Environment = process.env,
): string[] {
  const lines = [...files.flatMap((file) => readPairs(file, 'environment')), ...flags];
  return lines.flatMap((line) => {
    if (line.includes('=')) return [line];
    const value = environment[line];
    return value === undefined ? [] : [`${line}=${value}`];
  });
}

export function collectLabels(
  files: readonly string[],
  flags: readonly string[],
): Record<string, string> {
  return pairsToObject([...files.flatMap((file) => readPairs(file, 'label')), ...flags]);
}

/** `key=value` pairs; a bare key has an empty value. Later ones win. */
export function pairsToObject(pairs: readonly string[]): Record<string, string> {
  const object: Record<string, string> = Object.create(null);
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    object[equals < 0 ? pair : pair.slice(0, equals)] = equals < 0 ? '' : pair.slice(equals + 1);
  }
  return object;
}

export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ValueError(openFailure(path, error));
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or directory'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'is a directory'],
  ['ENOTDIR', 'not a directory'],
]);

/** `open /x: no such file or directory`. */
export function openFailure(path: string, error: unknown): string {
  const errno = errnoName(error) ?? 'EIO';
  return `open ${path}: ${REASONS.get(errno) ?? errno}`;
}

function readPairs(path: string, what: string): string[] {
  const text = readTextFile(path).replace(/^\uFEFF/, '');
  return text.split('\n').flatMap((raw) => {
    const line = raw.replace(/\r$/, '').trimStart();
    if (line === '' || line.startsWith('#')) return [];
    const name = line.split('=', 1)[0] ?? '';
    if (name === '') throw new ValueError(`no variable name on line '${line}'`);
    if (/\s/.test(name)) {
      throw new ValueError(`poorly formatted ${what}: variable '${name}' contains whitespaces`);
    }
    return [line];
  });
}
