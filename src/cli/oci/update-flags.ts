/** The flags of `update`: each is one field of `linux.resources`. */

import { readFileSync } from 'node:fs';
import { errorMessage } from '../../base/errors.ts';
import { parseJson, readText } from '../../runtime/bundle.ts';
import type { UpdateOptions } from '../../runtime/verbs/update.ts';
import { type Flags, usage } from './flags.ts';

/** What a flag's text is: bytes with a unit or -1, a whole number, the same from 0, a text. */
type Kind = 'bytes' | 'integer' | 'count' | 'text';

const FIELDS: readonly (readonly [flag: string, group: string, field: string, kind: Kind])[] = [
  ['memory', 'memory', 'limit', 'bytes'],
  ['memory-reservation', 'memory', 'reservation', 'bytes'],
  ['memory-swap', 'memory', 'swap', 'bytes'],
  ['kernel-memory', 'memory', 'kernel', 'bytes'],
  ['kernel-memory-tcp', 'memory', 'kernelTCP', 'bytes'],
  ['cpu-shares', 'cpu', 'shares', 'count'],
  ['cpu-share', 'cpu', 'shares', 'count'],
  ['cpu-period', 'cpu', 'period', 'count'],
  ['cpu-quota', 'cpu', 'quota', 'integer'],
  ['cpu-burst', 'cpu', 'burst', 'count'],
  ['cpu-rt-period', 'cpu', 'realtimePeriod', 'count'],
  ['cpu-rt-runtime', 'cpu', 'realtimeRuntime', 'integer'],
  ['cpu-idle', 'cpu', 'idle', 'integer'],
  ['cpuset-cpus', 'cpu', 'cpus', 'text'],
  ['cpuset-mems', 'cpu', 'mems', 'text'],
  ['pids-limit', 'pids', 'limit', 'integer'],
  ['blkio-weight', 'blockIO', 'weight', 'count'],
];

export function updateOptions(flags: Flags, id: string): UpdateOptions {
  return {
    id,
    resources: readResources(flags),
    cacheSchema: flags.text('l3-cache-schema') ?? '',
    bandwidthSchema: flags.text('mem-bw-schema') ?? '',
  };
}

/** The document that the flags come to, or the one in a file, in place of them all; unchecked. */
export function readResources(flags: Flags): unknown {
  const file = flags.text('resources') ?? '';
  return file === '' ? resourcesOf(flags) : parseJson(readInput(file), file);
}

/** `-` is standard input. */
function readInput(file: string): string {
  if (file !== '-') return readText(file, 'input');
  try {
    return readFileSync(0, 'utf8');
  } catch (error) {
    throw usage(`standard input: ${errorMessage(error)}`);
  }
}

function resourcesOf(flags: Flags): Record<string, Record<string, unknown>> {
  const resources: Record<string, Record<string, unknown>> = {};
  for (const [flag, group, field, kind] of FIELDS) {
    const text = flags.text(flag);
    if (text === undefined || text === '') continue;
    resources[group] = { ...resources[group], [field]: parseValue(text, kind, flag) };
  }
  return resources;
}

function parseValue(text: string, kind: Kind, flag: string): number | string {
  if (kind === 'text') return text;
  if (kind === 'bytes') return parseBytes(text, flag);
  const pattern = kind === 'count' ? /^\d{1,15}$/ : /^-?\d{1,15}$/;
  if (pattern.test(text)) return Number(text);
  throw usage(`invalid value for ${flag}: "${text}" is not a number`);
}

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** `512m`, `1.5GiB`, `-1` for no limit; units are powers of 1024. */
function parseBytes(text: string, flag: string): number {
  if (text === '-1') return -1;
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?(?:([kmgtp])?(?:i?b)?)$/i.exec(text);
  const bytes = Math.floor(
    Number(match?.[1]) * 1024 ** UNITS.indexOf((match?.[2] ?? '').toLowerCase()),
  );
  if (Number.isSafeInteger(bytes)) return bytes;
  throw usage(`invalid value for ${flag}: invalid size: '${text}'`);
}
