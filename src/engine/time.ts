/** Times as Docker writes them: RFC 3339 in UTC with nine digits of a second. */

const NS_PER_SECOND = 1_000_000_000n;

/** `ns` since 1970 → `2024-05-01T12:00:00.123456789Z`. */
export function formatTime(ns: bigint): string {
  const seconds = ns / NS_PER_SECOND;
  const fraction = String(ns % NS_PER_SECOND).padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** ns since 1970; the clock of the machine gives microseconds at best. */
export function nowNs(): bigint {
  return BigInt(Math.trunc((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}
