/** A failed step in words: what was tried, with which operand, what the kernel said, and what helps. */

import { type ErrorClass, TiffinError } from '../base/errors.ts';
import type { Op, OpName, Plan } from '../plan/ops.ts';
import { printOp } from '../plan/print.ts';
import { errnoName, errnoWords } from './errno.ts';
import { wordExecFailure } from './failure-exec.ts';
import { HOST_ROWS } from './failure-host.ts';

/** What the shim reports: stage as an index of STAGES, op as an index of the plan. */
export interface StepFailure {
  stage: number;
  opIndex: number;
  errno: number;
  /** The path or name that failed, where the operand alone does not say it. */
  detail: string;
}

/** How one kind of failure is told. */
export interface Wording {
  class: ErrorClass;
  code: string;
  message: string;
  hint?: string;
  exitCode?: number;
}

/** One thing that can go wrong, known well enough to say it better than the kernel. */
export interface Row {
  op: OpName;
  /** errno names; absent: any. */
  errno?: readonly string[];
  when?: (op: Op, detail: string) => boolean;
  say: (op: Op, detail: string, reason: string) => Omit<Wording, 'class' | 'code'>;
  class: ErrorClass;
  code: string;
}

const isCgroup = (path: string) => path.startsWith('/sys/fs/cgroup');

/** The first row that fits wins. */
const ROWS: readonly Row[] = [
  {
    op: 'user',
    errno: ['ENOENT'],
    class: 'invalid',
    code: 'unknown-user',
    say: wordUnknownUser,
  },
  {
    op: 'change-directory',
    class: 'invalid',
    code: 'working-directory',
    say: (op, _, reason) => ({
      message: `chdir to cwd (${quoted(operand(op))}) set in config.json failed: ${reason}`,
      hint: 'name a directory that exists in the container and that its user may enter',
    }),
  },
  {
    op: 'bind',
    errno: ['ENOENT'],
    when: (op, detail) => op.op === 'bind' && (detail === '' || detail === op.source),
    class: 'invalid',
    code: 'mount-source',
    say: (op) => ({
      message: `invalid mount config for type "bind": bind source path does not exist: ${op.op === 'bind' ? op.source : ''}`,
      hint: 'create it on the host first, or correct the path',
    }),
  },
  {
    op: 'bind',
    errno: ['ENOTDIR', 'EISDIR'],
    class: 'invalid',
    code: 'mount-kind',
    say: (op, _, reason) => ({
      message: `${printOp(op)}: ${reason}: a directory cannot be mounted on a file, nor a file on a directory`,
      hint: 'check that source and target are both files or both directories',
    }),
  },
  {
    op: 'reserve-port',
    errno: ['EADDRINUSE'],
    class: 'conflict',
    code: 'port-in-use',
    say: (op) => ({
      message: `Bind for ${portText(op)} failed: port is already allocated: address already in use`,
      hint: 'publish another host port, or stop what listens there: ss -lntup',
    }),
  },
  {
    op: 'reserve-port',
    errno: ['EADDRNOTAVAIL'],
    class: 'invalid',
    code: 'port-address',
    say: (op) => ({
      message: `cannot bind ${portText(op)}: cannot assign requested address`,
      hint: 'publish on an address that this machine has',
    }),
  },
  {
    op: 'make-directory',
    when: (op) => op.op === 'make-directory' && isCgroup(op.path),
    class: 'denied',
    code: 'cgroup-refused',
    say: (op, _, reason) => ({
      message: `cannot create the container's cgroup ${operand(op)}: ${reason}`,
      hint: 'the caller needs write access to its own cgroup (delegation)',
    }),
  },
  {
    op: 'write',
    when: isOomScore,
    class: 'denied',
    code: 'oom-score-refused',
    say: wordOomScore,
  },
  {
    op: 'write',
    errno: ['EBUSY'],
    when: (op) => op.op === 'write' && isCgroup(op.path) && op.path.endsWith('subtree_control'),
    class: 'denied',
    code: 'cgroup-holds-processes',
    say: (op) => ({
      message: `cannot hand controllers down from ${operand(op)}: its group holds processes of its own`,
      hint: 'start from a group below the delegated one, such as a leaf made for the shell',
    }),
  },
  {
    op: 'write',
    when: (op) => op.op === 'write' && isCgroup(op.path),
    class: 'invalid',
    code: 'limit-refused',
    say: (op, _, reason) => ({
      message: `the kernel refuses the limit "${dataText(op)}" for ${operand(op)}: ${reason}`,
      hint: "a limit must lie within the parent group's, and this machine must have what it names",
    }),
  },
  {
    op: 'join-process',
    errno: ['ESRCH', 'ENOENT', 'ESTALE'],
    class: 'conflict',
    code: 'container-gone',
    say: () => ({ message: 'cannot exec in a stopped container' }),
  },
  {
    op: 'join',
    errno: ['ENOENT', 'EINVAL'],
    class: 'invalid',
    code: 'namespace-path',
    say: (op, _, reason) => ({
      message: `cannot join the namespace ${operand(op)}: ${reason}`,
      hint: 'the path must be a namespace file such as /proc/<pid>/ns/net, of the type that the configuration says',
    }),
  },
  {
    op: 'sysctl',
    class: 'invalid',
    code: 'sysctl',
    say: (op, _, reason) => ({
      message: `cannot set sysctl ${operand(op)} to "${op.op === 'sysctl' ? op.value : ''}": ${reason}`,
    }),
  },
  {
    op: 'rlimit',
    errno: ['EPERM'],
    class: 'denied',
    code: 'rlimit-refused',
    say: (op) => ({
      message: `${printOp(op)}: operation not permitted`,
      hint: 'a hard limit above the own one takes CAP_SYS_RESOURCE',
    }),
  },
  {
    op: 'hook',
    class: 'unavailable',
    code: 'hook-failed',
    say: (op, detail, reason) => ({
      message: `error running hook ${operand(op)}: ${detail === '' || detail === operand(op) ? reason : detail}`,
    }),
  },
  {
    op: 'terminal',
    when: (op, detail) =>
      op.op === 'terminal' && op.consoleSocket !== '' && detail === op.consoleSocket,
    class: 'unavailable',
    code: 'console-socket',
    say: (_, detail, reason) => ({
      message: `cannot connect to the console socket ${detail}: ${reason}`,
    }),
  },
  {
    op: 'root',
    errno: ['ENOENT', 'ENOTDIR'],
    class: 'invalid',
    code: 'no-root',
    say: (op, _, reason) => ({ message: `root file system ${operand(op)}: ${reason}` }),
  },
  {
    op: 'clone',
    errno: ['EOPNOTSUPP', 'EBUSY'],
    when: (op) => op.op === 'clone' && op.cgroup !== '',
    class: 'denied',
    code: 'cgroup-holds-processes',
    say: (op) => ({
      message: `cannot enter cgroup ${op.op === 'clone' ? op.cgroup : ''}: the group above it holds processes of its own`,
      hint: 'start from a group below it, such as a leaf made for the shell',
    }),
  },
  {
    op: 'clone',
    errno: ['EPERM'],
    class: 'denied',
    code: 'clone-refused',
    say: () => ({
      message: 'cannot make namespaces: operation not permitted',
      hint: 'run as root, or add a user namespace with mappings',
    }),
  },
  {
    op: 'child-file',
    when: isOomScore,
    class: 'denied',
    code: 'oom-score-refused',
    say: wordOomScore,
  },
  {
    op: 'helper',
    class: 'denied',
    code: 'id-map-refused',
    say: (op, detail, reason) => ({
      message: `cannot map ids by ${operand(op)}: ${detail === '' || detail === operand(op) ? reason : detail.trim()}`,
      hint: 'the ranges must be those that /etc/subuid and /etc/subgid give to the caller',
    }),
  },
  {
    op: 'child-file',
    class: 'invalid',
    code: 'id-map-refused',
    say: (op, _, reason) => ({
      message: `cannot write ${operand(op)} of the container: ${reason}`,
      hint: 'mappings must not overlap, and their host ids must belong to the caller',
    }),
  },
  ...HOST_ROWS,
];

/** Errors of every step that say something general about the machine. */
const GENERAL: Readonly<Record<string, { class: ErrorClass; hint?: string }>> = {
  ENOSPC: { class: 'exhausted', hint: 'free some space: tiffin system prune' },
  EDQUOT: { class: 'exhausted', hint: "raise the user's quota" },
  ENOMEM: { class: 'exhausted', hint: 'the machine or the cgroup is short of memory' },
  EAGAIN: { class: 'exhausted', hint: 'a limit of processes is reached' },
  EMFILE: { class: 'exhausted', hint: 'too many open files' },
  ENFILE: { class: 'exhausted', hint: 'too many open files in the system' },
  EPERM: {
    class: 'denied',
    hint: 'run as root, or check what a security module or seccomp forbids',
  },
  EACCES: { class: 'denied' },
  ENOSYS: { class: 'unsupported', hint: 'this kernel is too old' },
  ENODEV: { class: 'unsupported', hint: 'this kernel lacks that file system or device' },
  EINVAL: { class: 'invalid' },
  ENOENT: { class: 'invalid' },
  ENOTDIR: { class: 'invalid' },
  ENAMETOOLONG: { class: 'invalid' },
};

/**
 * The docker client reads errno's own words for these as a failure of the program and exits with 127 or 126
 * (docker/cli, cli/command/container/run.go): a step that is not about the program says the same differently.
 */
const STEP_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it or a part of its path is missing',
  EACCES: 'access is denied',
  EISDIR: 'there is a folder, not a file',
};

/** The error that a user is to see for a step of `plan` that failed. */
export function wordFailure(plan: Plan, failure: StepFailure): TiffinError {
  const step = plan[failure.opIndex];
  const name = errnoName(failure.errno);
  const words = errnoWords(failure.errno);
  if (step === undefined) {
    return new TiffinError('internal', 'unknown-step', `step ${failure.opIndex} failed: ${words}`);
  }
  const { op } = step;
  const wording =
    op.op === 'exec' || op.op === 'find-program'
      ? wordExecFailure(op, name, words, failure.detail)
      : wordStepFailure(op, name, STEP_WORDS[name] ?? words, failure.detail);
  const { message, class: errorClass, code, ...rest } = wording;
  return new TiffinError(errorClass, code, message, {
    ...rest,
    cause: new Error(
      `${step.stage} step ${failure.opIndex + 1} of ${plan.length}, ${printOp(op)}: ${name}`,
    ),
  });
}

function wordStepFailure(op: Op, name: string, words: string, detail: string): Wording {
  return wordKnown(op, name, words, detail) ?? wordGeneral(op, name, words, detail);
}

function wordKnown(op: Op, name: string, words: string, detail: string): Wording | undefined {
  const row = ROWS.find(
    (candidate) =>
      candidate.op === op.op &&
      (candidate.errno === undefined || candidate.errno.includes(name)) &&
      (candidate.when === undefined || candidate.when(op, detail)),
  );
  return row && { class: row.class, code: row.code, ...row.say(op, detail, words) };
}

function wordGeneral(op: Op, name: string, words: string, detail: string): Wording {
  const general = GENERAL[name];
  const text = printOp(op);
  const where = detail === '' || text.includes(detail) ? '' : `: ${detail}`;
  return {
    class: general?.class ?? 'internal',
    code: 'step-failed',
    message: `cannot ${text}${where}: ${words}`,
    ...(general?.hint === undefined ? {} : { hint: general.hint }),
  };
}

/** Docker's words for `-u`; the detail is `user <name>` or `group <name>`. */
function wordUnknownUser(op: Op, detail: string): Omit<Wording, 'class' | 'code'> {
  const space = detail.indexOf(' ');
  const kind = detail.slice(0, space) === 'group' ? 'group' : 'user';
  const name = space > 0 ? detail.slice(space + 1) : op.op === 'user' ? op.user : '';
  const file = kind === 'group' ? 'group' : 'passwd';
  return {
    message: `unable to find ${kind} ${name}: no matching entries in ${file} file`,
    hint: `use a number, or add the ${kind} to the image's /etc/${file}`,
  };
}

/** The operand that a message is about. */
function operand(op: Op): string {
  if ('path' in op) return op.path;
  if ('target' in op) return op.target;
  if ('file' in op) return op.file;
  if ('key' in op) return op.key;
  return '';
}

function portText(op: Op): string {
  if (op.op !== 'reserve-port') return '';
  return op.address.includes(':') ? `[${op.address}]:${op.port}` : `${op.address}:${op.port}`;
}

function dataText(op: Op): string {
  return op.op === 'write' ? dataOf(op.data) : '';
}

function dataOf(data: Uint8Array): string {
  return new TextDecoder().decode(data).trim();
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function isOomScore(op: Op): boolean {
  return operand(op).endsWith('oom_score_adj');
}

function wordOomScore(op: Op, _: string, reason: string): Omit<Wording, 'class' | 'code'> {
  const score = 'data' in op && op.data instanceof Uint8Array ? dataOf(op.data) : '';
  return {
    message: `process.oomScoreAdj: cannot set ${score}: ${reason}`,
    hint: 'a score below the own one takes CAP_SYS_RESOURCE',
  };
}
