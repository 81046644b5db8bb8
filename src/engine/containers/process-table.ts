/** One process as ps(1) would show it: proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5). */

import { readFileSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';

/** USER_HZ, fixed at 100 on every architecture that is supported here. */
const TICKS = 100;
const PAGE_KB = 4;

export interface ProcessRow {
  pid: number;
  ppid: number;
  uid: number;
  state: string;
  terminal: string;
  cpuSeconds: number;
  ageSeconds: number;
  nice: number;
  threads: number;
  rssKb: number;
  vszKb: number;
  name: string;
  command: string;
}

interface Column {
  title: string;
  value: (process: ProcessRow) => string;
}

/** By the name that `ps -o` uses. */
export const COLUMNS = {
  uid: { title: 'UID', value: (process) => String(process.uid) },
  user: { title: 'USER', value: (process) => (process.uid === 0 ? 'root' : String(process.uid)) },
  pid: { title: 'PID', value: (process) => String(process.pid) },
  ppid: { title: 'PPID', value: (process) => String(process.ppid) },
  c: { title: 'C', value: (process) => String(Math.trunc(percent(process))) },
  pcpu: { title: '%CPU', value: (process) => percent(process).toFixed(1) },
  stime: { title: 'STIME', value: (process) => startText(process.ageSeconds) },
  etime: { title: 'ELAPSED', value: (process) => clock(process.ageSeconds) },
  tty: { title: 'TTY', value: (process) => process.terminal },
  stat: { title: 'STAT', value: (process) => process.state },
  time: { title: 'TIME', value: (process) => clock(process.cpuSeconds, true) },
  ni: { title: 'NI', value: (process) => String(process.nice) },
  nlwp: { title: 'NLWP', value: (process) => String(process.threads) },
  rss: { title: 'RSS', value: (process) => String(process.rssKb) },
  vsz: { title: 'VSZ', value: (process) => String(process.vszKb) },
  comm: { title: 'COMMAND', value: (process) => process.name },
  args: { title: 'COMMAND', value: (process) => process.command },
  cmd: { title: 'CMD', value: (process) => process.command },
} as const satisfies Record<string, Column>;

export type ColumnName = keyof typeof COLUMNS;

const DEFAULT: readonly ColumnName[] = ['uid', 'pid', 'ppid', 'c', 'stime', 'tty', 'time', 'cmd'];
const AUX: readonly ColumnName[] = [
  'user',
  'pid',
  'pcpu',
  'vsz',
  'rss',
  'tty',
  'stat',
  'stime',
  'time',
  'args',
];
const SYNONYMS: Readonly<Record<string, ColumnName>> = {
  command: 'args',
  '%cpu': 'pcpu',
  tt: 'tty',
  tname: 'tty',
  nice: 'ni',
  s: 'stat',
  state: 'stat',
  ucmd: 'comm',
  start: 'stime',
  start_time: 'stime',
  euid: 'uid',
  euser: 'user',
  cputime: 'time',
};

/** `-ef` (the default), `aux`, `-o pid,comm`. Throws `invalid` for what this table cannot show. */
export function columnsFor(psArgs: string): ColumnName[] {
  const words = psArgs.split(' ').filter((word) => word !== '');
  const chosen: ColumnName[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const list = outputList(word, words[at + 1]);
    if (list === undefined) continue;
    chosen.push(...list.split(',').map((name) => columnOf(name)));
    if (word === '-o' || word === 'o' || word === '-eo') at += 1;
  }
  if (chosen.length > 0) return chosen;
  return words.some((word) => word.includes('u') && !word.startsWith('--'))
    ? [...AUX]
    : [...DEFAULT];
}

function outputList(word: string, next: string | undefined): string | undefined {
  if (word === '-o' || word === 'o' || word === '-eo') return next ?? '';
  if (word.startsWith('--format=')) return word.slice('--format='.length);
  return word.startsWith('-o') ? word.slice(2) : undefined;
}

function columnOf(text: string): ColumnName {
  const name = text.split('=')[0] ?? '';
  if (Object.hasOwn(COLUMNS, name)) return name as ColumnName;
  const synonym = Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name] : undefined;
  if (synonym !== undefined) return synonym;
  throw new TiffinError(
    'invalid',
    'unknown-ps-column',
    `unknown user-defined format specifier "${name.slice(0, 40)}"`,
  );
}

/** Undefined when the process has ended meanwhile. */
export function readProcess(pid: number, uptimeSeconds: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return parseProcess(pid, { stat, status, command }, uptimeSeconds);
  } catch {
    return undefined;
  }
}

export function parseProcess(
  pid: number,
  texts: { stat: string; status: string; command: string },
  uptimeSeconds: number,
): ProcessRow {
  // The name stands in parentheses and may itself hold spaces and parentheses.
  const open = texts.stat.indexOf('(');
  const close = texts.stat.lastIndexOf(')');
  const name = texts.stat.slice(open + 1, close);
  const fields = texts.stat.slice(close + 2).split(' ');
  const number = (field: number): number => Number(fields[field - 3] ?? 0);
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(texts.status)?.[1] ?? '0';
  const words = texts.command.split('\0').filter((word) => word !== '');
  return {
    pid,
    ppid: number(4),
    uid: Number(uid),
    state: fields[0] ?? '?',
    terminal: terminalName(number(7)),
    cpuSeconds: (number(14) + number(15)) / TICKS,
    ageSeconds: Math.max(uptimeSeconds - number(22) / TICKS, 0),
    nice: number(19),
    threads: number(20),
    rssKb: number(24) * PAGE_KB,
    vszKb: Math.trunc(number(23) / 1024),
    name,
    command: words.length === 0 ? `[${name}]` : words.join(' '),
  };
}

/** Device number of the controlling terminal; 136 to 143 are pseudo-terminals. */
function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  return major >= 136 && major <= 143 ? `pts/${(device & 0xff) + (major - 136) * 256}` : '?';
}

function percent({ cpuSeconds, ageSeconds }: ProcessRow): number {
  return ageSeconds === 0 ? 0 : Math.min((cpuSeconds / ageSeconds) * 100, 99);
}

function startText(ageSeconds: number): string {
  const start = new Date(Date.now() - ageSeconds * 1000);
  if (ageSeconds < 86_400) return start.toTimeString().slice(0, 5);
  return start.toDateString().slice(4, 10).replace(' ', '');
}

/** `[dd-]hh:mm:ss`; without `full` the hours are left out while they are zero. */
function clock(seconds: number, full = false): string {
  const whole = Math.trunc(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const days = Math.trunc(whole / 86_400);
  const hours = Math.trunc(whole / 3600) % 24;
  const rest = `${two(Math.trunc(whole / 60) % 60)}:${two(whole % 60)}`;
  const day = days > 0 ? `${days}-` : '';
  return full || hours > 0 || days > 0 ? `${day}${two(hours)}:${rest}` : rest;
}
