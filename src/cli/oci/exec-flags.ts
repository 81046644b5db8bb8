/** The flags of `exec`. */

import type { ExecOptions } from '../../runtime/verbs/exec.ts';
import { type Flags, usage } from './flags.ts';

export function execOptions(flags: Flags, rest: readonly string[]): ExecOptions {
  const [id, ...args] = rest;
  if (id === undefined) throw usage('exec: expected <id> <command>');
  if (args[0] === '--') args.shift();
  const process = flags.text('process');
  if (process === undefined && args.length === 0) throw usage('process args cannot be empty');
  return {
    id,
    args,
    terminal: flags.has('tty'),
    additionalGids: flags.list('additional-gids'),
    env: flags.list('env'),
    capabilities: flags.list('cap'),
    ...(flags.text('no-new-privs') === undefined
      ? {}
      : { noNewPrivileges: flags.has('no-new-privs') }),
    detach: flags.has('detach'),
    preserveFds: flags.number('preserve-fds', 0),
    ignorePaused: flags.has('ignore-paused'),
    cgroups: flags.list('cgroup'),
    ...given({
      process,
      user: flags.text('user'),
      cwd: flags.text('cwd'),
      apparmor: flags.text('apparmor'),
      processLabel: flags.text('process-label'),
      pidFile: flags.text('pid-file'),
      consoleSocket: flags.text('console-socket'),
      pidfdSocket: flags.text('pidfd-socket'),
    }),
  };
}

/** Only what was given and is not empty. */
function given<T extends Record<string, string | undefined>>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== ''),
  ) as Partial<T>;
}
