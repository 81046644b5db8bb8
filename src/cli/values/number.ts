/** Numbers as Go's strconv reads them: docker's users see its wording in flag errors. */

const INT64_MAX = (1n << 63n) - 1n;
const INT64_MIN = -(1n << 63n);
const DECIMAL = /^[+-]?[0-9]{1,40}$/;
const HEX = /^[+-]?0[xX][0-9a-fA-F]{1,40}$/;

/** What a value parser throws: the reason alone; the flag parser adds value and flag. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/** A signed 64-bit integer that also fits a JavaScript number. */
export function parseInteger(text: string): number {
  if (!DECIMAL.test(text) && !HEX.test(text)) {
    throw new ValueError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const negative = text.startsWith('-');
  const magnitude = BigInt(text.replace(/^[+-]/, ''));
  const value = negative ? -magnitude : magnitude;
  const outside = value > INT64_MAX || value < INT64_MIN;
  if (outside || !Number.isSafeInteger(Number(value))) {
    throw new ValueError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return Number(value);
}

export function parseUint16(text: string): number {
  if (!/^[0-9]{1,40}$/.test(text)) {
    throw new ValueError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = Number(text);
  if (value > 65535) {
    throw new ValueError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return value;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['t', true],
  ['T', true],
  ['true', true],
  ['TRUE', true],
  ['True', true],
  ['0', false],
  ['f', false],
  ['F', false],
  ['false', false],
  ['FALSE', false],
  ['False', false],
]);

export function parseBoolean(text: string): boolean {
  const value = BOOLEANS.get(text);
  if (value === undefined) {
    throw new ValueError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return value;
}

/** `--cpus`: a decimal number of processors as billionths. */
export function parseNanoCpus(text: string): number {
  const match = /^([0-9]{0,12})(?:\.([0-9]{0,40}))?$/.exec(text);
  const [, whole = '', fraction = ''] = match ?? [];
  if (match === null || (whole === '' && fraction === '')) {
    throw new ValueError(`failed to parse ${text} as a rational number`);
  }
  const digits = fraction.replace(/0+$/, '');
  if (digits.length > 9) throw new ValueError('value is too precise');
  return Number(whole) * 1e9 + Number(digits.padEnd(9, '0'));
}
