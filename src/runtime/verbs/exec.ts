/** `exec`: one more process in a running container. */

import { resolve } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { type CgroupPaths, execDirectory, joinSteps, subCgroups } from '../../cgroup/index.ts';
import type { HostFacts } from '../../host/facts.ts';
import type { Process, RuntimeSpec } from '../../spec/runtime/index.ts';
import { checkProcess, parseProcess } from '../../spec/runtime/index.ts';
import { becomeShim, execPlanFile } from '../become-shim.ts';
import { parseJson, readText } from '../bundle.ts';
import type { OciContext } from '../context.ts';
import { prepareFilter } from '../filter-cache.ts';
import { sharesMounts } from '../namespaces.ts';
import { factsFor } from '../placement.ts';
import { planExec } from '../planner.ts';
import { numericUser } from '../process.ts';
import { sharedRootOf } from '../shared-root.ts';
import { checkConsole, DETACHED, FOREGROUND, supervise, warnOfCapabilities } from './create.ts';
import { type Found, find } from './state.ts';

export interface ExecOptions {
  id: string;
  /** Program and arguments; empty with `process`. */
  args: readonly string[];
  /** A file with a process document, in place of the single options. */
  process?: string;
  terminal: boolean;
  /** `uid[:gid]`. */
  user?: string;
  additionalGids: readonly string[];
  cwd?: string;
  env: readonly string[];
  capabilities: readonly string[];
  /** Undefined: as the container's own process. */
  noNewPrivileges?: boolean;
  apparmor?: string;
  processLabel?: string;
  detach: boolean;
  pidFile?: string;
  pidfdSocket?: string;
  consoleSocket?: string;
  preserveFds: number;
  ignorePaused: boolean;
  /** `[controller,…:]path` below the container's cgroups. */
  cgroups: readonly string[];
}

/** This process becomes the shim; resolves to the exit code where it cannot. */
export function exec(options: ExecOptions, context: OciContext): Promise<number> {
  const found = find(options.id, context);
  refuseState(found, options.ignorePaused);
  const facts = factsFor(context);
  const spec = found.directory.config();
  prepareFilter(spec, context.root);
  const process = chooseProcess(options, spec, context);
  warnOfCapabilities(process, spec, facts, context);
  checkConsole(process.terminal === true, options.consoleSocket, options.detach);
  const { record, snapshot } = found;
  const cgroups = execCgroups(found, options.cgroups, facts);
  const file = execPlanFile(found.directory.path);
  const mode = options.detach ? DETACHED : FOREGROUND;
  const plan = planExec({
    process,
    container: {
      pid: snapshot.pid,
      startTime: snapshot.startTime,
      namespaces: BigInt(record.namespaces),
      ...(sharesMounts(spec) ? { sharedRoot: sharedRootOf(context.root, options.id) } : {}),
    },
    facts,
    cgroupSteps: joinSteps(cgroups, facts, 'enter'),
    cloneInto: facts.cloneIntoCgroup ? cgroups.v2 : '',
    supervise: supervise(mode, process.terminal, options.preserveFds),
    spec,
    listenerState: { id: options.id, bundle: record.bundle },
    ...numericUser(process),
    onFailure: [
      ...context.self,
      ...context.globalFlags,
      'report-failure',
      'exec',
      options.id,
      file,
    ],
    ...(options.consoleSocket === undefined ? {} : { consoleSocket: options.consoleSocket }),
    ...(options.pidFile === undefined ? {} : { pidFile: resolve(options.pidFile) }),
    ...(options.pidfdSocket === undefined ? {} : { pidfdSocket: options.pidfdSocket }),
  });
  const forget = { op: 'unlink', path: file } as const;
  return becomeShim(
    [...plan, { stage: 'running', op: forget, why: 'every step has succeeded' }],
    file,
    options.preserveFds,
    context,
  );
}

/** Where the container's first process is, or the cgroups below the container's own that the caller names. */
function execCgroups(
  { record, snapshot }: Found,
  named: readonly string[],
  facts: HostFacts,
): CgroupPaths {
  if (named.length > 0) return subCgroups(record.cgroups, named);
  return { ...record.cgroups, v2: execDirectory(record.cgroups, facts, snapshot.pid) };
}

function refuseState({ snapshot }: Found, ignorePaused: boolean): void {
  if (snapshot.status === 'stopped' || snapshot.pid === 0) {
    throw new TiffinError('conflict', 'stopped', 'cannot exec in a stopped container');
  }
  if (snapshot.status === 'paused' && !ignorePaused) {
    throw new TiffinError(
      'conflict',
      'paused',
      'cannot exec in a paused container (use --ignore-paused to override)',
    );
  }
}

/** The container's own process document, changed by the options; or another one as a whole. */
function chooseProcess(options: ExecOptions, spec: RuntimeSpec, context: OciContext): Process {
  if (options.process !== undefined) {
    const file = resolve(context.workingDirectory, options.process);
    const given = parseProcess(parseJson(readText(file, 'input'), file));
    // As the container's own, unless the document says otherwise: an exec is no way around its filters (K6).
    return {
      ...given,
      apparmorProfile: given.apparmorProfile ?? spec.process?.apparmorProfile,
      selinuxLabel: given.selinuxLabel ?? spec.process?.selinuxLabel,
    };
  }
  const own: Process = spec.process ?? { cwd: '/' };
  return checkProcess({
    ...own,
    args: [...options.args],
    terminal: options.terminal,
    cwd: options.cwd ?? own.cwd,
    env: [...(own.env ?? []), ...options.env],
    user: chooseUser(options, own),
    noNewPrivileges: options.noNewPrivileges ?? own.noNewPrivileges,
    apparmorProfile: options.apparmor ?? own.apparmorProfile,
    selinuxLabel: options.processLabel ?? own.selinuxLabel,
    capabilities: addCapabilities(own, options.capabilities),
  });
}

function chooseUser(options: ExecOptions, own: Process): Process['user'] {
  const additionalGids =
    options.additionalGids.length === 0
      ? own.user?.additionalGids
      : [
          ...(own.user?.additionalGids ?? []),
          ...options.additionalGids.map((text) => parseId(text, '--additional-gids')),
        ];
  if (options.user === undefined) return { ...own.user, additionalGids };
  const [uid = '', gid, ...rest] = options.user.split(':');
  if (rest.length > 0) parseId(options.user, '--user');
  return {
    ...own.user,
    uid: parseId(uid, '--user'),
    gid: gid === undefined ? (own.user?.gid ?? 0) : parseId(gid, '--user'),
    additionalGids,
  };
}

/** Strict: `-u` with a name or a number beyond 32 bits must never come out as root (CVE-2026-30892). */
export function parseId(text: string, flag: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 0xfffffffe) return value;
  throw new TiffinError(
    'invalid',
    'invalid-id',
    `${flag}: expected a number up to 4294967294, got "${text}"`,
  );
}

/** `--cap`: for the sets that a program without file capabilities can use; never the inheritable one (CVE-2022-29162). */
function addCapabilities(own: Process, names: readonly string[]): Process['capabilities'] {
  if (names.length === 0) return own.capabilities;
  const add = (set: readonly string[] | undefined) => [...(set ?? []), ...names];
  return {
    ...own.capabilities,
    bounding: add(own.capabilities?.bounding),
    permitted: add(own.capabilities?.permitted),
    effective: add(own.capabilities?.effective),
  };
}
