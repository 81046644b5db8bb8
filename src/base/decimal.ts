/** Numbers of configuration and addresses, read strictly. */

/** Digits without a sign or leading zeros, at most `digits` of them; undefined for anything else. */
export function parseDecimal(text: string, digits: number): number | undefined {
  if (text.length > digits || !/^(0|[1-9][0-9]*)$/.test(text)) return undefined;
  return Number(text);
}
