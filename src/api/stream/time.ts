/** Times as Docker writes them. */

const NS_PER_SECOND = 1_000_000_000n;

/** RFC 3339 in UTC with exactly nine digits of fraction. */
export function rfc3339Nano(ns: bigint): string {
  const seconds = ns / NS_PER_SECOND;
  const fraction = String(ns % NS_PER_SECOND).padStart(9, '0');
  const date = new Date(Number(seconds) * 1000).toISOString();
  return `${date.slice(0, 19)}.${fraction}Z`;
}
