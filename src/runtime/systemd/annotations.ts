/** Annotations `org.systemd.property.<Name>`: more properties for the unit, in the notation of GVariant texts, as runc takes them. */

import { TiffinError } from '../../base/errors.ts';
import type { Variant } from '../../dbus/values.ts';
import { type Property, property } from './properties.ts';

const PREFIX = 'org.systemd.property.';
const MICROSECONDS = 1_000_000;

export function annotatedProperties(
  annotations: Readonly<Record<string, string>> = {},
): Property[] {
  return Object.entries(annotations)
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, text]) => annotated(key, text));
}

function annotated(key: string, text: string): Property {
  const name = key.slice(PREFIX.length);
  if (!/^[A-Za-z]{3,64}$/.test(name)) throw invalid(key, 'not the name of a property');
  const { signature, value } = parseVariant(key, text);
  if (!/[a-z]Sec$/.test(name)) return property(name, signature, value);
  // systemd's own files have seconds, its interface has microseconds.
  if (typeof value !== 'number' && typeof value !== 'bigint') throw invalid(key, 'not a number');
  const microseconds = Math.round(Number(value) * MICROSECONDS);
  if (microseconds < 0) throw invalid(key, 'below zero');
  return property(name.replace(/Sec$/, 'USec'), 't', BigInt(microseconds));
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['boolean', 'b'],
  ['byte', 'y'],
  ['int16', 'n'],
  ['uint16', 'q'],
  ['int32', 'i'],
  ['uint32', 'u'],
  ['int64', 'x'],
  ['uint64', 't'],
  ['double', 'd'],
  ['string', 's'],
  ['objectpath', 'o'],
  ['signature', 'g'],
]);

/** Lowest and highest value of each type of whole numbers. */
const RANGES: ReadonlyMap<string, readonly [bigint, bigint]> = new Map([
  ['y', [0n, 0xffn]],
  ['n', [-0x8000n, 0x7fffn]],
  ['q', [0n, 0xffffn]],
  ['i', [-0x8000_0000n, 0x7fff_ffffn]],
  ['u', [0n, 0xffff_ffffn]],
  ['x', [-(1n << 63n), (1n << 63n) - 1n]],
  ['t', [0n, (1n << 64n) - 1n]],
]);

/** `true`, `5`, `uint64 5`, `'text'`, `['a', 'b']`, `@as []`. */
function parseVariant(key: string, text: string): Variant {
  if (text.length > 4096) throw invalid(key, 'too long');
  const trimmed = text.trim();
  const typed = /^@a([a-z])\s+/.exec(trimmed) ?? /^([a-z0-9]+)\s+/.exec(trimmed);
  const rest = trimmed.slice(typed?.[0].length ?? 0);
  const word = typed?.[1] ?? '';
  const type = typed === null ? undefined : trimmed.startsWith('@') ? word : TYPES.get(word);
  if (typed !== null && type === undefined) throw invalid(key, `no type ${word}`);
  if (!rest.startsWith('[')) return scalar(key, rest, type);
  if (!rest.endsWith(']')) throw invalid(key, 'a list without end');
  const items = splitList(key, rest.slice(1, -1)).map((item) => scalar(key, item, type));
  const item = type ?? items[0]?.signature;
  if (item === undefined) throw invalid(key, 'a list of nothing needs a type, such as @as');
  if (items.some(({ signature }) => signature !== item))
    throw invalid(key, 'a list of mixed types');
  return { signature: `a${item}`, value: items.map(({ value }) => value) };
}

function scalar(key: string, text: string, type: string | undefined): Variant {
  if (text === 'true' || text === 'false') return { signature: 'b', value: text === 'true' };
  const quoted = /^(?:'([^'\\]*)'|"([^"\\]*)")$/.exec(text);
  if (quoted !== null) return { signature: type ?? 's', value: quoted[1] ?? quoted[2] ?? '' };
  if (!/^-?\d{1,20}(\.\d{1,20})?$/.test(text)) throw invalid(key, 'neither number nor quoted text');
  const signature = type ?? (text.includes('.') ? 'd' : 'i');
  if (signature === 'd') return { signature, value: Number(text) };
  const range = RANGES.get(signature);
  if (range === undefined || text.includes('.')) throw invalid(key, 'a value of another type');
  const value = BigInt(text);
  if (value < range[0] || value > range[1]) throw invalid(key, 'out of range');
  return { signature, value: 'xt'.includes(signature) ? value : Number(value) };
}

/** At commas outside quotes. */
function splitList(key: string, text: string): string[] {
  if (text.trim() === '') return [];
  const items = text.match(/'[^']*'|"[^"]*"|[^,'"\s]+/g) ?? [];
  if (
    text.replaceAll(/'[^']*'|"[^"]*"|[^,'"\s]+/g, '').replaceAll(/\s/g, '').length !==
    items.length - 1
  ) {
    throw invalid(key, 'not a list');
  }
  return items;
}

function invalid(key: string, reason: string): TiffinError {
  return new TiffinError(
    'invalid',
    'annotation',
    `annotation ${JSON.stringify(key.slice(0, 128))} value parse error: ${reason}`,
    { hint: "write it as systemd's interface has it, such as uint64 5 or 'text'" },
  );
}
