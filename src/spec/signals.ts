/** Signals by name and number (signal(7); numbers as on x86-64 and arm64). */

import { TiffinError } from '../base/errors.ts';

/** Without `SIG`; the kernel's numbers. */
export const SIGNALS = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
} as const;

export type SignalName = `SIG${keyof typeof SIGNALS}` | `SIGRT${string}`;

/** The C library keeps 32 and 33 for itself. */
const REALTIME_FIRST = 34;
const REALTIME_LAST = 64;

const numbers: ReadonlyMap<string, number> = new Map<string, number>([
  ...Object.entries(SIGNALS),
  ['IOT', SIGNALS.ABRT],
  ['CLD', SIGNALS.CHLD],
  ['POLL', SIGNALS.IO],
  ['UNUSED', SIGNALS.SYS],
]);

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(SIGNALS).map(([name, number]) => [number, name]),
);

/**
 * `SIGTERM`, `term`, `15`, `SIGRTMIN+3`, `RTMAX-1` → the number, 1 to 64. Throws `invalid-signal` for anything else,
 * 0 included.
 */
export function parseSignal(text: string): number {
  const number = decimal(text) ?? named(text);
  if (number === undefined || number < 1 || number > REALTIME_LAST) {
    throw new TiffinError('invalid', 'invalid-signal', `invalid signal: ${text}`, {
      hint: 'give a name such as SIGTERM or a number from 1 to 64',
    });
  }
  return number;
}

/** `15` → `SIGTERM`, `37` → `SIGRTMIN+3`; numbers without a name in decimal. */
export function signalName(number: number): string {
  const name = names.get(number);
  if (name !== undefined) return `SIG${name}`;
  if (number < REALTIME_FIRST || number > REALTIME_LAST) return String(number);
  return number === REALTIME_FIRST ? 'SIGRTMIN' : `SIGRTMIN+${number - REALTIME_FIRST}`;
}

function decimal(text: string): number | undefined {
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : undefined;
}

function named(text: string): number | undefined {
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper.slice(3) : upper;
  return numbers.get(name) ?? realtime(name);
}

function realtime(name: string): number | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(name);
  if (match === null) return undefined;
  const [, end, sign, digits] = match;
  if ((end === 'MIN' && sign === '-') || (end === 'MAX' && sign === '+')) return undefined;
  const offset = Number(digits ?? 0);
  const number = end === 'MIN' ? REALTIME_FIRST + offset : REALTIME_LAST - offset;
  return number >= REALTIME_FIRST && number <= REALTIME_LAST ? number : undefined;
}
