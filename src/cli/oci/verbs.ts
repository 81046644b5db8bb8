/** Each verb's own flags, and how they become its options. */

import { readFileSync } from 'node:fs';
import { errorMessage } from '../../base/errors.ts';
import { parseJson, readText } from '../../runtime/bundle.ts';
import type { OciContext } from '../../runtime/context.ts';
import { type CreateOptions, create } from '../../runtime/verbs/create.ts';
import { remove } from '../../runtime/verbs/delete.ts';
import { exec } from '../../runtime/verbs/exec.ts';
import { features } from '../../runtime/verbs/features.ts';
import { kill } from '../../runtime/verbs/kill.ts';
import { list } from '../../runtime/verbs/list.ts';
import { pause, resume } from '../../runtime/verbs/pause.ts';
import { ps } from '../../runtime/verbs/ps.ts';
import { reportFailure } from '../../runtime/verbs/report-failure.ts';
import { run } from '../../runtime/verbs/run.ts';
import { writeSpec } from '../../runtime/verbs/spec.ts';
import { start } from '../../runtime/verbs/start.ts';
import { state } from '../../runtime/verbs/state.ts';
import { update } from '../../runtime/verbs/update.ts';
import { EXEC_FLAGS, execOptions } from './exec-flags.ts';
import { type Flags, type FlagTable, parseFlags, parseMixed, usage } from './flags.ts';
import { resourcesOf, UPDATE_FLAGS } from './update-flags.ts';

type Verb = (argv: readonly string[], context: OciContext) => void | Promise<void>;

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

export const VERBS: Readonly<Record<string, Verb>> = {
  create: (argv, context) => {
    const { flags, rest } = parseMixed(argv, CREATE);
    create(launchOptions(flags, one(rest)), context);
  },
  run: (argv, context) => {
    const { flags, rest } = parseMixed(argv, RUN);
    const options = { detach: flags.has('detach'), keep: flags.has('keep') };
    run({ ...launchOptions(flags, one(rest)), ...options }, context);
  },
  start: (argv, context) => start(one(parseMixed(argv, NONE).rest), context),
  state: (argv, context) => state(one(parseMixed(argv, NONE).rest), context),
  kill: (argv, context) => {
    const { flags, rest } = parseMixed(argv, { flags: { all: 'switch' }, short: { a: 'all' } });
    const [id, signal = 'SIGTERM', ...more] = rest;
    if (id === undefined || more.length > 0) throw usage('kill: expected <id> [signal]');
    kill({ id, signal, all: flags.has('all') }, context);
  },
  delete: (argv, context) => {
    const { flags, rest } = parseMixed(argv, { flags: { force: 'switch' }, short: { f: 'force' } });
    return remove({ id: one(rest), force: flags.has('force') }, context);
  },
  exec: (argv, context) => {
    const { flags, rest } = parseFlags(argv, EXEC_FLAGS);
    exec(execOptions(flags, rest), context);
  },
  list: (argv, context) => {
    const { flags } = parseMixed(argv, {
      flags: { format: 'text', quiet: 'switch' },
      short: { f: 'format', q: 'quiet' },
    });
    list({ format: format(flags), quiet: flags.has('quiet') }, context);
  },
  ps: (argv, context) => {
    const { flags, rest } = parseFlags(argv, { flags: { format: 'text' }, short: { f: 'format' } });
    const [id, ...args] = rest;
    if (id === undefined) throw usage('ps: expected <id> [ps options]');
    ps({ id, format: format(flags), args }, context);
  },
  spec: (argv, context) => {
    const { flags } = parseMixed(argv, {
      flags: { bundle: 'text', rootless: 'switch' },
      short: { b: 'bundle' },
    });
    writeSpec({ bundle: flags.text('bundle') ?? '.', rootless: flags.has('rootless') }, context);
  },
  features: (_, context) => features(context),
  pause: (argv, context) => pause(one(parseMixed(argv, NONE).rest), context),
  resume: (argv, context) => resume(one(parseMixed(argv, NONE).rest), context),
  update: (argv, context) => {
    const { flags, rest } = parseMixed(argv, UPDATE_FLAGS);
    const file = flags.text('resources');
    const resources = file === undefined ? resourcesOf(flags) : parseJson(readInput(file), file);
    update(one(rest), resources, context);
  },
  // Called by the shim alone.
  'report-failure': (argv, context) => {
    const [kind, id = '', ...rest] = argv;
    const [stage, opIndex, errno] = rest.slice(-4).map(Number);
    reportFailure(
      {
        kind: kind === 'exec' ? 'exec' : 'launch',
        id,
        ...(kind === 'exec' ? { file: rest[0] ?? '' } : {}),
        stage: stage ?? 0,
        opIndex: opIndex ?? 0,
        errno: errno ?? 0,
        detail: rest.at(-1) ?? '',
      },
      context,
    );
  },
};

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

/** `-` is standard input. */
function readInput(file: string): string {
  if (file !== '-') return readText(file);
  try {
    return readFileSync(0, 'utf8');
  } catch (error) {
    throw usage(`standard input: ${errorMessage(error)}`);
  }
}
