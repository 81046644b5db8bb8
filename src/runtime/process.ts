/** From a process that sets up a container to the user's program: what it gives up, and in which order. */

import { TiffinError } from '../base/errors.ts';
import type { HostFacts } from '../host/facts.ts';
import type { OpOf, Step } from '../plan/ops.ts';
import { parseRlimit, rlimitValue } from '../spec/rlimits.ts';
import type { Process, RuntimeSpec } from '../spec/runtime/index.ts';
import { planCapabilities } from './capabilities.ts';
import type { UserRequest } from './request.ts';
import { planScheduling } from './scheduling.ts';
import { type ListenerState, planSeccomp } from './seccomp.ts';
import { inside } from './step.ts';

export interface ProcessContext {
  spec: RuntimeSpec;
  facts: HostFacts;
  /** The process has a user namespace that is not the host's. */
  ownUserNamespace: boolean;
  user: UserRequest | undefined;
  home: boolean;
  init: boolean;
  /** Tells a listener for SCMP_ACT_NOTIFY whose calls it will hear of. */
  listenerState: ListenerState;
  /** Waits for `start` and runs what belongs to it; empty when the program is to start at once. */
  startSteps: readonly Step[];
}

/**
 * The order is the security of this list:
 *  1. limits and labels, which take rights that are given up below;
 *  2. bounding set, identity, the other sets: each step takes rights that the next one removes;
 *  3. working directory, as the user who has to be allowed to enter it;
 *  4. the gate: everything that can fail has failed before somebody is told that the container is ready;
 *  5. the filter of system calls, late, so that it need not allow anything above. If new privileges stay possible, loading
 *     it takes CAP_SYS_ADMIN, which only then is given up; nothing of the container runs with it. Else it comes last.
 */
export function planProcess(process: Process, context: ProcessContext): Step[] {
  const seccomp = planSeccomp(context.spec, context.listenerState);
  const noNewPrivileges = process.noNewPrivileges === true;
  const capabilities = planCapabilities(
    process,
    context.facts,
    context.ownUserNamespace,
    !noNewPrivileges && seccomp.length > 0,
  );
  return [
    inside({ op: 'null-streams' }, "not the host's node, whose mode the program could change"),
    ...planRlimits(process),
    ...planLabels(process, context.facts),
    ...planScheduling(process, context.spec),
    ...planPersonality(context.spec),
    planUser(process, context.user),
    ...capabilities.bounding,
    inside({ op: 'identity' }, 'the user and groups of the program'),
    ...capabilities.sets,
    inside(
      { op: 'umask', mask: process.user?.umask ?? 0o022 },
      'permissions of the files that the program makes',
    ),
    inside(
      { op: 'change-directory', path: process.cwd, create: 0 },
      'the working directory; verified to lie inside the root',
    ),
    ...context.startSteps,
    ...(noNewPrivileges ? [] : [...seccomp, ...capabilities.rest]),
    ...(noNewPrivileges
      ? [inside({ op: 'no-new-privileges' }, 'set-user-ID programs give no rights')]
      : []),
    ...(context.init ? [inside({ op: 'init' }, 'pid 1 that forwards signals and reaps')] : []),
    ...(noNewPrivileges ? seccomp : []),
    inside(
      {
        op: 'exec',
        args: process.args ?? [],
        env: process.env ?? [],
        home: context.home ? 1 : 0,
      },
      'the program itself',
    ),
  ];
}

/** The working directory is made while the root may still be writable, and by root, as other runtimes do. */
export function planCwd(process: Process, create: boolean): Step[] {
  if (!create || process.cwd === '/') return [];
  return [
    inside(
      { op: 'directory', path: process.cwd, mode: 0o755, uid: 0, gid: 0 },
      'the working directory, should the image lack it',
    ),
  ];
}

function planUser(process: Process, request: UserRequest | undefined): Step {
  const { uid, gid, additionalGids } = process.user ?? {};
  const op: OpOf<'user'> =
    request === undefined
      ? {
          op: 'user',
          user: String(uid ?? 0),
          group: String(gid ?? 0),
          groups: (additionalGids ?? []).map(String),
          lookup: 0,
        }
      : {
          op: 'user',
          user: request.user,
          group: request.group,
          groups: request.groups,
          lookup: request.exactGroups === true ? 2 : 1,
        };
  return inside(
    op,
    request === undefined
      ? 'user and groups by number'
      : "looked up in the container's own passwd and group files, while they can be read",
  );
}

function planRlimits(process: Process): Step[] {
  return (process.rlimits ?? []).map(({ type, soft, hard }) => {
    const limit = parseRlimit(type);
    if (limit === undefined) {
      throw new TiffinError('invalid', 'unknown-rlimit', `process.rlimits: unknown limit ${type}`);
    }
    return inside(
      {
        op: 'rlimit',
        resource: limit.number,
        soft: rlimitValue(soft),
        hard: rlimitValue(hard),
      },
      'a limit of this process and its children',
    );
  });
}

/** Labels take effect at the next execve. A profile on a kernel without the module is an error, not a silent loss. */
function planLabels(process: Process, facts: HostFacts): Step[] {
  const steps: Step[] = [];
  const { apparmorProfile, selinuxLabel } = process;
  if (apparmorProfile !== undefined && apparmorProfile !== '') {
    if (!facts.apparmor) throw noModule('process.apparmorProfile', 'AppArmor');
    steps.push(
      inside(
        { op: 'label', attribute: 'apparmor/exec', value: `exec ${apparmorProfile}` },
        'confined by AppArmor from execve on',
      ),
    );
  }
  if (selinuxLabel !== undefined && selinuxLabel !== '') {
    if (!facts.selinux) throw noModule('process.selinuxLabel', 'SELinux');
    steps.push(
      inside(
        { op: 'label', attribute: 'exec', value: selinuxLabel },
        'confined by SELinux from execve on',
      ),
    );
  }
  return steps;
}

/**
 * A label of files confines nobody by itself, and a kernel without the module has no policy that could ask for it: what it
 * would take for a wrong option is left out. A label of the process is a promise of confinement and stays an error.
 */
export function labelWarnings(spec: RuntimeSpec, facts: HostFacts): string[] {
  if ((spec.linux?.mountLabel ?? '') === '' || facts.selinux) return [];
  return ['ignoring linux.mountLabel: SELinux is not enabled in this kernel'];
}

/** A terminal counts in 16 bits. */
export function windowSize({ consoleSize }: Process): { rows: number; columns: number } {
  const fit = (size = 0) => Math.min(size, 0xffff);
  return { rows: fit(consoleSize?.height), columns: fit(consoleSize?.width) };
}

function noModule(field: string, module: string): TiffinError {
  return new TiffinError(
    'unsupported',
    'no-security-module',
    `${field}: ${module} is not enabled in this kernel`,
  );
}

/** personality(2): PER_LINUX and PER_LINUX32. */
const PERSONALITIES = { LINUX: 0n, LINUX32: 8n } as const;

function planPersonality(spec: RuntimeSpec): Step[] {
  const personality = spec.linux?.personality;
  if (personality === undefined) return [];
  return [
    inside(
      { op: 'personality', value: PERSONALITIES[personality.domain] },
      `system calls behave as for ${personality.domain}`,
    ),
  ];
}

/**
 * How a runtime without an engine finds HOME, as other runtimes do: the numbers stay what they are, and the entry of that
 * user in the container's passwd file gives the directory. Undefined when the environment has HOME already.
 */
export function numericUser(process: Process): { user: UserRequest; home: true } | undefined {
  if ((process.env ?? []).some((entry) => entry.startsWith('HOME='))) return undefined;
  const { uid = 0, gid = 0, additionalGids = [] } = process.user ?? {};
  return {
    user: {
      user: String(uid),
      group: String(gid),
      groups: additionalGids.map(String),
      exactGroups: true,
    },
    home: true,
  };
}
