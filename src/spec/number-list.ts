/** Lists of processors and memory nodes: `0-3,7`, as in cpuset(7) «List format». */

const MAX_NUMBER = 8191;

/** A bit for each number, the first in the lowest bit of the first byte; empty for an empty list, undefined for no list. */
export function parseNumberList(text: string): Uint8Array | undefined {
  const found: number[] = [];
  if (text.trim() === '') return new Uint8Array(0);
  for (const part of text.split(',')) {
    const [from = '', to = from, ...rest] = part.trim().split('-');
    if (rest.length > 0 || !isNumber(from) || !isNumber(to)) return undefined;
    const [first, last] = [Number(from), Number(to)];
    if (first > last || last > MAX_NUMBER) return undefined;
    for (let number = first; number <= last; number++) found.push(number);
  }
  const mask = new Uint8Array(Math.floor(Math.max(...found) / 8) + 1);
  for (const number of found) {
    const byte = number >> 3;
    mask[byte] = (mask[byte] ?? 0) | (1 << (number & 7));
  }
  return mask;
}

function isNumber(text: string): boolean {
  return /^\d{1,4}$/.test(text);
}
