/** How each verb's flags become its options. */

import type { OciContext } from '../../runtime/context.ts';
import { type CreateOptions, create } from '../../runtime/verbs/create.ts';
import { run } from '../../runtime/verbs/run.ts';
import { type Flags, type Parsed, usage } from './flags.ts';
import type { VerbName } from './tables.ts';

/** Resolves to an exit code, where that is not 0. */
export type Verb = (given: Parsed, context: OciContext) => Promise<number | undefined>;

/** Verbs whose flags end at the first argument: what follows belongs to another program. */
export const STOPPING: ReadonlySet<string> = new Set(['exec', 'ps', 'report-failure']);

/** Each verb but the two that are called most is imported when it is called: start time is mostly what is loaded. */
export const VERBS: Readonly<Record<VerbName | 'report-failure', Verb>> = {
  create: async ({ flags, rest }, context) => {
    const [id = '', path, ...more] = rest;
    if (path === undefined || more.length > 0) {
      return create(launchOptions(flags, one(rest)), context);
    }
    const { bundleArgument } = await import('./bundle-argument.ts');
    const bundle = bundleArgument(path, flags, context);
    return create({ ...launchOptions(flags, one([id])), ...bundle }, context);
  },
  run: async ({ flags, rest }, context) => {
    const options = { detach: flags.has('detach'), keep: flags.has('keep') };
    return run({ ...launchOptions(flags, one(rest)), ...options }, context);
  },
  start: async ({ rest }, context) => {
    const { start } = await import('../../runtime/verbs/start.ts');
    await start(one(rest), context);
    return undefined;
  },
  state: async ({ rest }, context) => {
    const { state } = await import('../../runtime/verbs/state.ts');
    state(one(rest), context);
    return undefined;
  },
  kill: async ({ flags, rest }, context) => {
    const [id, signal = 'SIGTERM', ...more] = rest;
    if (id === undefined || more.length > 0) throw usage('kill: expected <id> [signal]');
    const { kill, killMatching } = await import('../../runtime/verbs/kill.ts');
    const options = { id, signal, all: flags.has('all') };
    (flags.has('regex') ? killMatching : kill)(options, context);
    return undefined;
  },
  delete: async ({ flags, rest }, context) => {
    const { remove, removeMatching } = await import('../../runtime/verbs/delete.ts');
    const options = { id: one(rest), force: flags.has('force') };
    await (flags.has('regex') ? removeMatching : remove)(options, context);
    return undefined;
  },
  exec: async ({ flags, rest }, context) => {
    const { execOptions } = await import('./exec-flags.ts');
    const { exec } = await import('../../runtime/verbs/exec.ts');
    return exec(execOptions(flags, rest), context);
  },
  list: async ({ flags, rest }, context) => {
    none(rest);
    const { list } = await import('../../runtime/verbs/list.ts');
    list({ format: format(flags), quiet: flags.has('quiet') }, context);
    return undefined;
  },
  ps: async ({ flags, rest }, context) => {
    const [id, ...args] = rest;
    if (id === undefined) throw usage('ps: expected <id> [ps options]');
    const { ps } = await import('../../runtime/verbs/ps.ts');
    ps({ id, format: format(flags), args }, context);
    return undefined;
  },
  events: async ({ flags, rest }, context) => {
    const { eventsOptions } = await import('./events-flags.ts');
    const { events } = await import('../../runtime/verbs/events.ts');
    await events(eventsOptions(flags, one(rest)), context);
    return undefined;
  },
  spec: async ({ flags, rest }, context) => {
    none(rest);
    const { writeSpec } = await import('../../runtime/verbs/spec.ts');
    writeSpec(
      {
        bundle: flags.text('bundle') ?? '.',
        file: flags.text('file') ?? 'config.json',
        rootless: flags.has('rootless'),
      },
      context,
    );
    return undefined;
  },
  features: async ({ rest }, context) => {
    none(rest);
    const { features } = await import('../../runtime/verbs/features.ts');
    features(context);
    return undefined;
  },
  pause: async ({ rest }, context) => {
    const { pause } = await import('../../runtime/verbs/pause.ts');
    await pause(one(rest), context);
    return undefined;
  },
  resume: async ({ rest }, context) => {
    const { resume } = await import('../../runtime/verbs/pause.ts');
    await resume(one(rest), context);
    return undefined;
  },
  update: async ({ flags, rest }, context) => {
    const { updateOptions } = await import('./update-flags.ts');
    const { update } = await import('../../runtime/verbs/update.ts');
    await update(updateOptions(flags, one(rest)), context);
    return undefined;
  },
  checkpoint: async ({ flags, rest }, context) => {
    const { checkpointOptions } = await import('./criu-flags.ts');
    const { checkpoint } = await import('../../runtime/verbs/checkpoint.ts');
    await checkpoint(checkpointOptions(flags, one(rest)), context);
    return undefined;
  },
  restore: async ({ flags, rest }, context) => {
    const { restoreOptions } = await import('./criu-flags.ts');
    const { restore } = await import('../../runtime/verbs/restore.ts');
    return restore(restoreOptions(flags, one(rest)), context);
  },
  // Called by the shim alone.
  'report-failure': async ({ rest }, context) => {
    const { reportFailure } = await import('../../runtime/verbs/report-failure.ts');
    reportFailure(rest, context);
    return undefined;
  },
};

function one(rest: readonly string[]): string {
  const [id, ...more] = rest;
  if (id === undefined || id === '') throw usage('container id cannot be empty');
  if (more.length > 0) throw usage(`expected one container id, got ${rest.join(' ')}`);
  return id;
}

function none(rest: readonly string[]): void {
  if (rest.length > 0) throw usage(`expected no argument, got ${rest.join(' ')}`);
}

function launchOptions(flags: Flags, id: string): CreateOptions {
  const config = flags.text('config');
  const consoleSocket = flags.text('console-socket');
  const pidFile = flags.text('pid-file');
  const pidfdSocket = flags.text('pidfd-socket');
  return {
    id,
    bundle: flags.text('bundle') ?? '.',
    noPivot: flags.has('no-pivot'),
    noNewKeyring: flags.has('no-new-keyring'),
    preserveFds: flags.number('preserve-fds', 0),
    ...(config ? { config } : {}),
    ...(consoleSocket ? { consoleSocket } : {}),
    ...(pidFile ? { pidFile } : {}),
    ...(pidfdSocket ? { pidfdSocket } : {}),
  };
}

function format(flags: Flags): 'table' | 'json' {
  const text = flags.text('format') ?? 'table';
  if (text === 'table' || text === 'json') return text;
  throw usage(`invalid format option: ${text}`);
}
