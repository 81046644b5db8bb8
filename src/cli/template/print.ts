/** Values as Go's fmt prints them. */

/** A number that is a float even when it is whole (a literal such as `1e6`). */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export interface Printing {
  /** Whether an object is a map (`map[a:b]`) and not a structure (`{a b}`). */
  isMap: (value: object) => boolean;
}

/** `%v`. At the top a missing value is `<no value>`; inside, and null anywhere, `<nil>`. */
export function printValue(value: unknown, printing: Printing): string {
  return value === undefined ? '<no value>' : inner(value, printing);
}

/** `%v` of a float. Numbers that come from JSON are printed as they stand there. */
function goFloat(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return String(value);
}

/** Go's `%q`. */
export function goQuote(text: string): string {
  return JSON.stringify(text)
    .replace(/\\u00([01][0-9a-f])/g, '\\x$1')
    .replace(/\x7f/g, '\\x7f');
}

function inner(value: unknown, printing: Printing): string {
  if (value === null || value === undefined) return '<nil>';
  if (value instanceof Float) return goFloat(value.value);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => inner(item, printing)).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  if (printing.isMap(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${inner(item, printing)}`).join(' ')}]`;
  }
  return `{${Object.values(value)
    .map((item) => inner(item, printing))
    .join(' ')}}`;
}

const VERB =
  /%(?<flags>[-+# 0]*)(?<width>[0-9]{1,4})?(?:\.(?<precision>[0-9]{0,4}))?(?<verb>[a-zA-Z%])/g;

/** `printf`. */
export function formatGo(format: string, values: readonly unknown[], printing: Printing): string {
  let next = 0;
  const text = format.replace(VERB, (...match) => {
    const groups: Readonly<Record<string, string | undefined>> = match.at(-1);
    const verb = groups.verb ?? '';
    if (verb === '%') return '%';
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const value = values[next];
    next += 1;
    const flags = groups.flags ?? '';
    const precision = groups.precision === undefined ? undefined : Number(groups.precision);
    const body = formatOne(verb, value, precision, flags, printing);
    return padded(body, Number(groups.width ?? 0), flags, typeof value === 'number');
  });
  const extra = values
    .slice(next)
    .map((value) => `${typeName(value)}=${printValue(value, printing)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function formatOne(
  verb: string,
  raw: unknown,
  precision: number | undefined,
  flags: string,
  printing: Printing,
): string {
  const value = raw instanceof Float ? raw.value : raw;
  const cut = (text: string) =>
    precision === undefined ? text : [...text].slice(0, precision).join('');
  if (verb === 'v') return printValue(raw, printing);
  if (verb === 's' && (typeof value === 'string' || typeof value === 'object'))
    return cut(printValue(value, printing));
  if (verb === 'q' && typeof value === 'string') return goQuote(cut(value));
  if (verb === 't' && typeof value === 'boolean') return String(value);
  if (verb === 'T') return typeName(raw);
  if (typeof value === 'number') {
    const number = formatNumber(
      verb,
      value,
      precision,
      raw instanceof Float || !Number.isInteger(value),
    );
    if (number !== undefined) return flags.includes('+') && value >= 0 ? `+${number}` : number;
  }
  if (typeof value === 'string' && (verb === 'x' || verb === 'X')) {
    const hex = Buffer.from(value).toString('hex');
    return verb === 'x' ? hex : hex.toUpperCase();
  }
  return `%!${verb}(${typeName(raw)}=${printValue(raw, printing)})`;
}

function formatNumber(
  verb: string,
  value: number,
  precision: number | undefined,
  float: boolean,
): string | undefined {
  if (!float) {
    const radix = { d: 10, b: 2, o: 8, x: 16, X: 16 }[verb];
    if (radix !== undefined) {
      const digits = value.toString(radix);
      return verb === 'X' ? digits.toUpperCase() : digits;
    }
    if (verb === 'c') return String.fromCodePoint(value);
    return undefined;
  }
  if (verb === 'f' || verb === 'F') return value.toFixed(precision ?? 6);
  if (verb === 'e') return value.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, 'e$10$2');
  return verb === 'g' ? goFloat(value) : undefined;
}

function padded(text: string, width: number, flags: string, numeric: boolean): string {
  if (flags.includes('-')) return text.padEnd(width);
  return text.padStart(width, flags.includes('0') && numeric ? '0' : ' ');
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (value instanceof Float) return 'float64';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'interface {}';
}
