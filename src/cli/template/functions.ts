/** The functions of a template: Go's own and docker's. */

import { CallError } from './error.ts';
import { Float, formatGo, goQuote, type Printing, printValue } from './print.ts';

export type TemplateFunction = (args: readonly unknown[], printing: Printing) => unknown;

/** `and` and `or` are evaluated by the evaluator, which stops at the first decisive operand. */
export const functions: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['json', ([value]) => goJson(value)],
  ['split', (args) => text(args, 0).split(text(args, 1))],
  [
    'join',
    (args) =>
      list(args, 0)
        .map((item) => requireText(item))
        .join(text(args, 1)),
  ],
  [
    'title',
    (args) => text(args, 0).replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, (letter) => letter.toUpperCase()),
  ],
  ['lower', (args) => text(args, 0).toLowerCase()],
  ['upper', (args) => text(args, 0).toUpperCase()],
  ['pad', (args) => pad(text(args, 0), integer(args, 1), integer(args, 2))],
  ['padlen', (args) => text(args, 0).padEnd(integer(args, 1))],
  ['truncate', (args) => truncate(text(args, 0), integer(args, 1))],
  [
    'println',
    (args, printing) => `${args.map((value) => printValue(value, printing)).join(' ')}\n`,
  ],
  ['print', printAll],
  ['printf', ([format, ...values], printing) => formatGo(requireText(format), values, printing)],
  ['len', ([value]) => length(value)],
  ['index', ([value, ...keys]) => keys.reduce((holder, key) => index(holder, key), value)],
  ['slice', (args) => slice(args)],
  ['not', ([value]) => !isTrue(value)],
  ['and', (args) => args.find((value) => !isTrue(value)) ?? args.at(-1)],
  ['or', (args) => args.find(isTrue) ?? args.at(-1)],
  ['eq', ([first, ...others]) => others.some((other) => equal(first, other))],
  ['ne', (args) => !equal(args[0], args[1])],
  ['lt', (args) => order(args) < 0],
  ['le', (args) => order(args) <= 0],
  ['gt', (args) => order(args) > 0],
  ['ge', (args) => order(args) >= 0],
  ['html', (args, printing) => escapeHtml(joined(args, printing))],
  ['js', (args, printing) => goQuote(joined(args, printing)).slice(1, -1).replaceAll("'", "\\'")],
  [
    'urlquery',
    (args, printing) => encodeURIComponent(joined(args, printing)).replaceAll('%20', '+'),
  ],
]);

/** The truth of a value: not zero, not empty, not nil. */
export function isTrue(value: unknown): boolean {
  if (value instanceof Float) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  // A structure is true whatever it holds, a map when it has entries; both are objects here.
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** JSON as Go writes it: bare of functions, without escaping of HTML. */
export function goJson(value: unknown): string {
  return JSON.stringify(
    value instanceof Float ? value.value : (value ?? null),
    (_, field: unknown) =>
      // A field that is filled in when asked for; methods with operands are left out.
      typeof field === 'function' && field.length === 0 ? field() : field,
  );
}

function requireText(value: unknown): string {
  if (typeof value !== 'string') {
    throw new CallError(`wrong type for value; expected string; got ${describe(value)}`);
  }
  return value;
}

function text(args: readonly unknown[], at: number): string {
  if (at >= args.length)
    throw new CallError(`wrong number of args: want ${at + 1} got ${args.length}`);
  return requireText(args[at]);
}

function integer(args: readonly unknown[], at: number): number {
  const value = args[at];
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new CallError(`expected integer; found ${describe(value)}`);
  }
  if (Math.abs(value) > 65536) throw new CallError(`${value} is too large`);
  return value;
}

function list(args: readonly unknown[], at: number): readonly unknown[] {
  const value = args[at];
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new CallError(`expected []string; found ${describe(value)}`);
  return value;
}

function pad(value: string, before: number, after: number): string {
  return value === ''
    ? value
    : ' '.repeat(Math.max(before, 0)) + value + ' '.repeat(Math.max(after, 0));
}

function truncate(value: string, size: number): string {
  return [...value].slice(0, Math.max(size, 0)).join('');
}

/** A space between two operands when neither is a string. */
function printAll(args: readonly unknown[], printing: Printing): string {
  return args.reduce<string>((before, value, at) => {
    const spaced = at > 0 && typeof value !== 'string' && typeof args[at - 1] !== 'string';
    return `${before}${spaced ? ' ' : ''}${printValue(value, printing)}`;
  }, '');
}

function joined(args: readonly unknown[], printing: Printing): string {
  return printAll(args, printing);
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  if (value === null || value === undefined) return 0;
  throw new CallError(`len of type ${describe(value)}`);
}

function index(holder: unknown, key: unknown): unknown {
  if (holder === null || holder === undefined) throw new CallError('index of untyped nil');
  if (typeof holder === 'string' || Array.isArray(holder)) {
    if (typeof key !== 'number')
      throw new CallError(`cannot index slice/array with type ${describe(key)}`);
    const items = typeof holder === 'string' ? Buffer.from(holder) : holder;
    if (!Number.isInteger(key) || key < 0 || key >= items.length) {
      throw new CallError(`index out of range: ${key}`);
    }
    return items[key];
  }
  if (typeof holder !== 'object')
    throw new CallError(`can't index item of type ${describe(holder)}`);
  if (typeof key !== 'string')
    throw new CallError(`value has type ${describe(key)}; should be string`);
  if (Object.hasOwn(holder, key)) return Object.getOwnPropertyDescriptor(holder, key)?.value;
  // A missing key gives the zero value of the map's elements.
  const [sample = ''] = Object.values(holder);
  return typeof sample === 'string' ? '' : undefined;
}

function slice(args: readonly unknown[]): unknown {
  const [value] = args;
  if (typeof value !== 'string' && !Array.isArray(value)) {
    throw new CallError(`can't slice item of type ${describe(value)}`);
  }
  const from = args.length > 1 ? integer(args, 1) : 0;
  const to = args.length > 2 ? integer(args, 2) : value.length;
  for (const at of [from, to]) {
    if (at < 0 || at > value.length) throw new CallError(`index out of range: ${at}`);
  }
  if (from > to) throw new CallError(`invalid slice index: ${from} > ${to}`);
  return value.slice(from, to);
}

type Comparable = string | number | boolean;

function equal(first: unknown, second: unknown): boolean {
  if (first === null || first === undefined || second === null || second === undefined) {
    return (first ?? null) === (second ?? null);
  }
  const [left, right] = [comparable(first), comparable(second)];
  if (typeof left !== typeof right) throw new CallError('incompatible types for comparison');
  return left === right;
}

function order(args: readonly unknown[]): number {
  const [left, right] = [comparable(args[0]), comparable(args[1])];
  if (typeof left !== typeof right) throw new CallError('incompatible types for comparison');
  if (typeof left === 'boolean') throw new CallError('invalid type for comparison');
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function comparable(value: unknown): Comparable {
  if (value instanceof Float) return value.value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  throw new CallError('invalid type for comparison');
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return '[]interface {}';
  if (value instanceof Float) return 'float64';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  return typeof value === 'object' ? 'map[string]interface {}' : typeof value;
}

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

function escapeHtml(value: string): string {
  return value.replace(/["'&<>]/g, (character) => HTML[character] ?? character);
}
