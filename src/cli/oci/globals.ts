/** The flags before the verb, which all verbs share. */

import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoName } from '../../base/errors.ts';
import type { OciContext } from '../../runtime/context.ts';
import { defaultRoot } from '../../runtime/state-directory.ts';
import { type Flags, type Parsed, parseFlags, usage } from './flags.ts';
import { type LogTarget, reportWarning, writeLog } from './report.ts';
import { GLOBALS } from './tables.ts';

export type Globals = Parsed;

const MANAGERS = ['cgroupfs', 'systemd', 'disabled'];

export function parseGlobals(argv: readonly string[]): Globals {
  return parseFlags(argv, GLOBALS);
}

/** Where errors are told; apart from the other flags, so that a wrong one of them is told there too. */
export function parseLog(flags: Flags): LogTarget {
  const format = flags.text('log-format') ?? 'text';
  if (format !== 'text' && format !== 'json' && format !== '') {
    throw usage(`invalid log-format: ${format}`);
  }
  const file = flags.text('log');
  return {
    file: file === '' ? undefined : file,
    format: format === 'json' ? 'json' : 'text',
  };
}

const STDOUT = 1;

export function makeContext({ flags }: Globals, log: LogTarget): OciContext {
  const root = chooseRoot(flags);
  const manager = oneOf(flags, 'cgroup-manager', MANAGERS) ?? '';
  return {
    root,
    self: selfCommand(),
    globalFlags: [
      '--root',
      root,
      ...(log.file === undefined ? [] : ['--log', log.file]),
      ...(log.format === 'text' ? [] : ['--log-format', log.format]),
    ],
    systemdCgroup: flags.has('systemd-cgroup') || manager === 'systemd',
    rootless: parseRootless(flags.text('rootless')),
    noCgroups: manager === 'disabled',
    environment: process.env,
    workingDirectory: process.cwd(),
    print: writeAll,
    warn: (message) => reportWarning(message, log),
    ...(flags.has('debug') ? { debug: (message) => writeLog(log, 'debug', message) } : {}),
  };
}

function chooseRoot(flags: Flags): string {
  const given = flags.text('root');
  if (given === undefined) return defaultRoot(process.env);
  const root = resolve(given);
  // What an unset variable in a caller's script comes to.
  if (given === '' || root === '/') throw usage('option --root argument should not be set to /');
  return root;
}

function oneOf(flags: Flags, name: string, words: readonly string[]): string | undefined {
  const text = flags.text(name);
  if (text === undefined || words.includes(text)) return text;
  throw usage(`invalid value "${text}" for flag -${name}`);
}

/** What a shell shows for a program that a closed pipe ended. */
const EXIT_PIPE = 141;

const TRUTH: ReadonlyMap<string, boolean | undefined> = new Map([
  ['auto', undefined],
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

function parseRootless(text = 'auto'): boolean | undefined {
  if (TRUTH.has(text)) return TRUTH.get(text);
  throw usage(`invalid value "${text}" for flag -rootless: use auto, true or false`);
}

/** A pipe takes what it has room for; the rest must follow. */
function writeAll(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
  } catch (error) {
    if (errnoName(error) !== 'EPIPE') throw error;
    process.exit(EXIT_PIPE);
  }
}

/** How this program is called again: itself when compiled, else Bun with the source. */
function selfCommand(): string[] {
  const compiled = Bun.main.startsWith('/$bunfs/');
  return compiled ? [process.execPath, 'oci'] : [process.execPath, Bun.main, 'oci'];
}
