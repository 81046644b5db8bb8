/** Each verb's own flags, and how they become its options. */

import type { OciContext } from '../../runtime/context.ts';
import { type CreateOptions, create } from '../../runtime/verbs/create.ts';
import type { FailureReport } from '../../runtime/verbs/report-failure.ts';
import { run } from '../../runtime/verbs/run.ts';
import { type Flags, type FlagTable, parseFlags, parseMixed, usage } from './flags.ts';

/** Resolves to an exit code, where that is not 0. */
type Verb = (argv: readonly string[], context: OciContext) => Promise<number | undefined>;

const LAUNCH_FLAGS = {
  bundle: 'text',
  'console-socket': 'text',
  'pid-file': 'text',
  'no-pivot': 'switch',
  'no-new-keyring': 'switch',
  'preserve-fds': 'number',
} as const;

const CREATE: FlagTable = { flags: LAUNCH_FLAGS, short: { b: 'bundle' } };
const RUN: FlagTable = {
  flags: { ...LAUNCH_FLAGS, detach: 'switch', keep: 'switch', 'no-subreaper': 'switch' },
  short: { b: 'bundle', d: 'detach' },
};
const NONE: FlagTable = { flags: {} };
const LIST: FlagTable = {
  flags: { format: 'text', quiet: 'switch' },
  short: { f: 'format', q: 'quiet' },
};
const PS: FlagTable = { flags: { format: 'text' }, short: { f: 'format' } };
const SPEC: FlagTable = { flags: { bundle: 'text', rootless: 'switch' }, short: { b: 'bundle' } };

/** Each verb but the two that are called most is imported when it is called: start time is mostly what is loaded. */
export const VERBS: Readonly<Record<string, Verb>> = {
  create: async (argv, context) => {
    const { flags, rest } = parseMixed(argv, CREATE);
    return create(launchOptions(flags, one(rest)), context);
  },
  run: async (argv, context) => {
    const { flags, rest } = parseMixed(argv, RUN);
    const options = { detach: flags.has('detach'), keep: flags.has('keep') };
    return run({ ...launchOptions(flags, one(rest)), ...options }, context);
  },
  start: async (argv, context) => {
    const { start } = await import('../../runtime/verbs/start.ts');
    await start(one(parseMixed(argv, NONE).rest), context);
    return undefined;
  },
  state: async (argv, context) => {
    const { state } = await import('../../runtime/verbs/state.ts');
    state(one(parseMixed(argv, NONE).rest), context);
    return undefined;
  },
  kill: async (argv, context) => {
    const { flags, rest } = parseMixed(argv, { flags: { all: 'switch' }, short: { a: 'all' } });
    const [id, signal = 'SIGTERM', ...more] = rest;
    if (id === undefined || more.length > 0) throw usage('kill: expected <id> [signal]');
    const { kill } = await import('../../runtime/verbs/kill.ts');
    kill({ id, signal, all: flags.has('all') }, context);
    return undefined;
  },
  delete: async (argv, context) => {
    const { flags, rest } = parseMixed(argv, { flags: { force: 'switch' }, short: { f: 'force' } });
    const { remove } = await import('../../runtime/verbs/delete.ts');
    await remove({ id: one(rest), force: flags.has('force') }, context);
    return undefined;
  },
  exec: async (argv, context) => {
    const { EXEC_FLAGS, execOptions } = await import('./exec-flags.ts');
    const { flags, rest } = parseFlags(argv, EXEC_FLAGS);
    const { exec } = await import('../../runtime/verbs/exec.ts');
    return exec(execOptions(flags, rest), context);
  },
  list: async (argv, context) => {
    const { flags } = parseMixed(argv, LIST);
    const { list } = await import('../../runtime/verbs/list.ts');
    list({ format: format(flags), quiet: flags.has('quiet') }, context);
    return undefined;
  },
  ps: async (argv, context) => {
    const { flags, rest } = parseFlags(argv, PS);
    const [id, ...args] = rest;
    if (id === undefined) throw usage('ps: expected <id> [ps options]');
    const { ps } = await import('../../runtime/verbs/ps.ts');
    ps({ id, format: format(flags), args }, context);
    return undefined;
  },
  spec: async (argv, context) => {
    const { flags } = parseMixed(argv, SPEC);
    const { writeSpec } = await import('../../runtime/verbs/spec.ts');
    writeSpec({ bundle: flags.text('bundle') ?? '.', rootless: flags.has('rootless') }, context);
    return undefined;
  },
  features: async (_, context) => {
    const { features } = await import('../../runtime/verbs/features.ts');
    features(context);
    return undefined;
  },
  pause: async (argv, context) => {
    const { pause } = await import('../../runtime/verbs/pause.ts');
    await pause(one(parseMixed(argv, NONE).rest), context);
    return undefined;
  },
  resume: async (argv, context) => {
    const { resume } = await import('../../runtime/verbs/pause.ts');
    await resume(one(parseMixed(argv, NONE).rest), context);
    return undefined;
  },
  update: async (argv, context) => {
    const { readResources, UPDATE_FLAGS } = await import('./update-flags.ts');
    const { flags, rest } = parseMixed(argv, UPDATE_FLAGS);
    const { update } = await import('../../runtime/verbs/update.ts');
    update(one(rest), readResources(flags), context);
    return undefined;
  },
  // Called by the shim alone.
  'report-failure': async (argv, context) => {
    const { reportFailure } = await import('../../runtime/verbs/report-failure.ts');
    reportFailure(reportOf(argv), context);
    return undefined;
  },
};

/** `launch <id>` or `exec <id> <plan file>`, then what the shim appends: stage, op index, errno, detail. */
function reportOf(argv: readonly string[]): FailureReport {
  const [kind, id = '', file = ''] = argv;
  const [stage = 0, opIndex = 0, errno = 0] = argv.slice(-4).map(Number);
  const report = { id, stage, opIndex, errno, detail: argv.at(-1) ?? '' };
  return kind === 'exec' ? { ...report, kind, file } : { ...report, kind: 'launch' };
}

function one(rest: readonly string[]): string {
  const [id, ...more] = rest;
  if (id === undefined) throw usage('container id cannot be empty');
  if (more.length > 0) throw usage(`expected one container id, got ${rest.join(' ')}`);
  return id;
}

function launchOptions(flags: Flags, id: string): CreateOptions {
  const consoleSocket = flags.text('console-socket');
  const pidFile = flags.text('pid-file');
  return {
    id,
    bundle: flags.text('bundle') ?? '.',
    noPivot: flags.has('no-pivot'),
    noNewKeyring: flags.has('no-new-keyring'),
    preserveFds: flags.number('preserve-fds', 0),
    ...(consoleSocket ? { consoleSocket } : {}),
    ...(pidFile ? { pidFile } : {}),
  };
}

function format(flags: Flags): 'table' | 'json' {
  const text = flags.text('format') ?? 'table';
  if (text === 'table' || text === 'json') return text;
  throw usage(`invalid format option: ${text}`);
}
