/** Resource limits by name and number (getrlimit(2); numbers as on x86-64, arm64 and most others). */

/** Index in the list is the kernel's number. */
export const RLIMIT_NAMES = [
  'RLIMIT_CPU',
  'RLIMIT_FSIZE',
  'RLIMIT_DATA',
  'RLIMIT_STACK',
  'RLIMIT_CORE',
  'RLIMIT_RSS',
  'RLIMIT_NPROC',
  'RLIMIT_NOFILE',
  'RLIMIT_MEMLOCK',
  'RLIMIT_AS',
  'RLIMIT_LOCKS',
  'RLIMIT_SIGPENDING',
  'RLIMIT_MSGQUEUE',
  'RLIMIT_NICE',
  'RLIMIT_RTPRIO',
  'RLIMIT_RTTIME',
] as const;

export type RlimitName = (typeof RLIMIT_NAMES)[number];

/** RLIM_INFINITY. */
export const RLIMIT_UNLIMITED = 0xffff_ffff_ffff_ffffn;

const numbers: ReadonlyMap<string, number> = new Map(
  RLIMIT_NAMES.map((name, number) => [name, number]),
);

/** `nofile`, `NOFILE` or `RLIMIT_NOFILE` → `{ name: 'RLIMIT_NOFILE', number: 7 }`; undefined when there is no such limit. */
export function parseRlimit(text: string): { name: RlimitName; number: number } | undefined {
  const upper = text.toUpperCase();
  const number = numbers.get(upper.startsWith('RLIMIT_') ? upper : `RLIMIT_${upper}`);
  const name = number === undefined ? undefined : RLIMIT_NAMES[number];
  return name === undefined || number === undefined ? undefined : { name, number };
}

/** A limit as JSON gives it → the kernel's 64 bits; -1 and anything beyond 64 bits is unlimited. */
export function rlimitValue(value: number | bigint): bigint {
  const exact = BigInt(value);
  return exact < 0n || exact > RLIMIT_UNLIMITED ? RLIMIT_UNLIMITED : exact;
}
