/** `tiffin oci`: the OCI runtime command line, as containerd, CRI-O, Docker and Podman call it. */

import { errorClass, TiffinError } from '../../base/errors.ts';
import { parseFlags, parseMixed } from './flags.ts';
import { type Globals, makeContext, parseGlobals, parseLog } from './globals.ts';
import { type LogTarget, reportError } from './report.ts';
import { TABLES, type VerbName } from './tables.ts';
import { STOPPING, VERBS } from './verbs.ts';

const EXIT_FAILURE = 1;
/** Of a verb that is none, as runc has it. */
const EXIT_NO_VERB = 3;
/** Of an exec whose program did not start: apart from what programs end with, as runc has it. */
const EXIT_EXEC_FAILURE = 255;

/** Resolves to the exit code, unless this process becomes the shim. */
export async function runOci(argv: string[]): Promise<number> {
  let log: LogTarget = { file: undefined, format: 'text' };
  let failure = EXIT_FAILURE;
  try {
    const globals = parseGlobals(argv);
    log = parseLog(globals.flags);
    const [verb, kind] = globals.rest;
    if (verb === 'exec' || (verb === 'report-failure' && kind === 'exec')) {
      failure = EXIT_EXEC_FAILURE;
    }
    return await dispatch(globals, log);
  } catch (error) {
    reportError(error, log);
    // A plain error is a defect of ours: its stack helps whoever reports it.
    if (errorClass(error) === 'internal' && error instanceof Error) console.error(error.stack);
    return (error instanceof TiffinError ? error.exitCode : undefined) ?? failure;
  }
}

async function dispatch(globals: Globals, log: LogTarget): Promise<number> {
  const context = makeContext(globals, log);
  const [name = 'help', ...rest] = globals.rest;
  const wantsVersion = globals.flags.has('version');
  if (wantsVersion || name === 'help' || globals.flags.has('help')) {
    const { helpText, VERSION } = await import('./help.ts');
    context.print(wantsVersion ? VERSION : helpText(rest[0]));
    return 0;
  }
  if (!isVerb(name)) {
    throw new TiffinError('invalid', 'usage', `no such command: ${name}`, {
      hint: 'see tiffin oci --help',
      exitCode: EXIT_NO_VERB,
    });
  }
  const table = name === 'report-failure' ? { flags: {} } : TABLES[name];
  const given = (STOPPING.has(name) ? parseFlags : parseMixed)(rest, table);
  if (given.flags.has('help')) {
    const { helpText } = await import('./help.ts');
    context.print(helpText(name));
    return 0;
  }
  return (await VERBS[name](given, context)) ?? 0;
}

function isVerb(name: string): name is VerbName | 'report-failure' {
  return Object.hasOwn(VERBS, name);
}
