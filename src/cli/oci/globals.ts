/** The flags before the verb, which all verbs share. */

import { writeSync } from 'node:fs';
import type { OciContext } from '../../runtime/context.ts';
import { defaultRoot } from '../../runtime/state-directory.ts';
import { type FlagTable, type Parsed, parseFlags, usage } from './flags.ts';
import { type LogTarget, writeLog } from './report.ts';

const GLOBALS: FlagTable = {
  flags: {
    root: 'text',
    log: 'text',
    'log-format': 'text',
    debug: 'switch',
    'systemd-cgroup': 'switch',
    rootless: 'text',
    criu: 'text',
    help: 'switch',
    version: 'switch',
  },
  short: { h: 'help', v: 'version' },
};

export interface Globals extends Parsed {
  log: LogTarget;
}

export function parseGlobals(argv: readonly string[]): Globals {
  const parsed = parseFlags(argv, GLOBALS);
  const format = parsed.flags.text('log-format') ?? 'text';
  if (format !== 'text' && format !== 'json') {
    throw usage(`invalid log-format: ${format}: use text or json`);
  }
  return { ...parsed, log: { file: parsed.flags.text('log'), format } };
}

const STDOUT = 1;
const STDERR = 2;

export function makeContext({ flags, log }: Globals): OciContext {
  const root = flags.text('root') ?? defaultRoot(process.env);
  return {
    root,
    self: selfCommand(),
    globalFlags: [
      '--root',
      root,
      ...(log.file === undefined ? [] : ['--log', log.file, '--log-format', log.format]),
    ],
    systemdCgroup: flags.has('systemd-cgroup'),
    rootless: parseRootless(flags.text('rootless')),
    environment: process.env,
    workingDirectory: process.cwd(),
    print: writeAll,
    warn: (message) => {
      // With a log, standard error is left to the container, which may have inherited it.
      if (log.file === undefined) writeSync(STDERR, `tiffin: warning: ${message}\n`);
      else writeLog(log, 'warning', message);
    },
  };
}

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
  for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
}

/** How this program is called again: itself when compiled, else Bun with the source. */
function selfCommand(): string[] {
  const compiled = Bun.main.startsWith('/$bunfs/');
  return compiled ? [process.execPath, 'oci'] : [process.execPath, Bun.main, 'oci'];
}
