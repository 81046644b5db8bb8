/** The flags of `update`: each is one field of `linux.resources`. */

import { readFileSync } from 'node:fs';
import { errorMessage } from '../../base/errors.ts';
import { parseJson, readText } from '../../runtime/bundle.ts';
import { type Flags, type FlagTable, usage } from './flags.ts';

const FIELDS: readonly (readonly [
  flag: string,
  group: string,
  field: string,
  kind: 'number' | 'text',
])[] = [
  ['memory', 'memory', 'limit', 'number'],
  ['memory-reservation', 'memory', 'reservation', 'number'],
  ['memory-swap', 'memory', 'swap', 'number'],
  ['cpu-shares', 'cpu', 'shares', 'number'],
  ['cpu-share', 'cpu', 'shares', 'number'],
  ['cpu-period', 'cpu', 'period', 'number'],
  ['cpu-quota', 'cpu', 'quota', 'number'],
  ['cpu-burst', 'cpu', 'burst', 'number'],
  ['cpu-rt-period', 'cpu', 'realtimePeriod', 'number'],
  ['cpu-rt-runtime', 'cpu', 'realtimeRuntime', 'number'],
  ['cpu-idle', 'cpu', 'idle', 'number'],
  ['cpuset-cpus', 'cpu', 'cpus', 'text'],
  ['cpuset-mems', 'cpu', 'mems', 'text'],
  ['pids-limit', 'pids', 'limit', 'number'],
  ['blkio-weight', 'blockIO', 'weight', 'number'],
];

export const UPDATE_FLAGS: FlagTable = {
  flags: { resources: 'text', ...Object.fromEntries(FIELDS.map(([flag]) => [flag, 'text'])) },
  short: { r: 'resources' },
};

/** The document that the flags come to, or the one in a file; unchecked. */
export function readResources(flags: Flags): unknown {
  const file = flags.text('resources');
  return file === undefined ? resourcesOf(flags) : parseJson(readInput(file), file);
}

/** `-` is standard input. */
function readInput(file: string): string {
  if (file !== '-') return readText(file);
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
    resources[group] = { ...resources[group], [field]: kind === 'text' ? text : size(text, flag) };
  }
  return resources;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A number, with a unit of bytes where that makes sense: `512m`. */
function size(text: string, flag: string): number {
  const match = /^(-?\d{1,18})([bkmg]?)$/i.exec(text);
  if (match === null) throw usage(`--${flag}: expected a number, got "${text}"`);
  return Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? 1);
}
