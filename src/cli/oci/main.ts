/** `tiffin oci`: the OCI runtime command line, as containerd, CRI-O, Docker and Podman call it. */

import { errorClass, TiffinError } from '../../base/errors.ts';
import { usage } from './flags.ts';
import { type Globals, makeContext, parseGlobals } from './globals.ts';
import { type LogTarget, reportError } from './report.ts';
import { VERBS } from './verbs.ts';

const EXIT_FAILURE = 1;

/** Resolves to the exit code, unless this process becomes the shim. */
export async function runOci(argv: string[]): Promise<number> {
  let log: LogTarget = { file: undefined, format: 'text' };
  try {
    const globals = parseGlobals(argv);
    log = globals.log;
    return await dispatch(globals);
  } catch (error) {
    reportError(error, log);
    // A plain error is a defect of ours: its stack helps whoever reports it.
    if (errorClass(error) === 'internal' && error instanceof Error) console.error(error.stack);
    return (error instanceof TiffinError ? error.exitCode : undefined) ?? EXIT_FAILURE;
  }
}

async function dispatch(globals: Globals): Promise<number> {
  const context = makeContext(globals);
  const [name = 'help', ...rest] = globals.rest;
  const wantsVersion = globals.flags.has('version');
  if (wantsVersion || name === 'help' || globals.flags.has('help')) {
    const { HELP, VERSION } = await import('./help.ts');
    context.print(wantsVersion ? VERSION : HELP);
    return 0;
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) throw usage(`no such command: ${name}`);
  return (await verb(rest, context)) ?? 0;
}
