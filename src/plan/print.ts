/** Operations in plain words, one line each: what `explain` shows and golden plans hold. */

import {
  capabilityNames,
  limitText,
  mountAttributeNames,
  namespaceNames,
  propagationName,
  resourceName,
} from './flag-names.ts';
import type { Op, OpName, OpOf, Plan } from './ops.ts';
import { LENT } from './ops-root.ts';

/** Longer data is shown by its size. */
const SHOWN_BYTES = 96;
const decoder = new TextDecoder('utf-8', { fatal: true });
/** What no text file holds: control characters other than white space. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;

/** One line in words, such as `mount proc on /proc (nosuid,nodev,noexec)`. */
export function printOp(op: Op): string {
  return print(op);
}

/** One line per step: number, stage, operation, reason. */
export function printPlan(plan: Plan): string {
  const stages = plan.map(({ stage }) => stage.padEnd(8));
  const lines = plan.map(({ op, why }, index) => {
    const reason = why === '' ? '' : `  # ${why}`;
    return `${String(index).padStart(3)}  ${stages[index]}  ${printOp(op)}${reason}\n`;
  });
  return lines.join('');
}

type Printers = { [N in OpName]: (op: OpOf<N>) => string };

function print<N extends OpName>(op: OpOf<N>): string {
  const printer: (op: OpOf<N>) => string = PRINTERS[op.op as N];
  return printer(op);
}

/** Words in parentheses after the operation; nothing for none. */
function notes(...words: readonly (string | false)[]): string {
  const said = words.filter((word) => word !== false && word !== '');
  return said.length === 0 ? '' : ` (${said.join(',')})`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Text as text, a few bytes in hexadecimal, more as their number. */
function dataText(data: Uint8Array): string {
  if (data.length > SHOWN_BYTES) return `${data.length} bytes`;
  try {
    const text = decoder.decode(data);
    if (!CONTROL.test(text)) return quoted(text.replace(/\n$/, ''));
  } catch {
    // Not text.
  }
  return `0x${Buffer.from(data).toString('hex')}`;
}

const octal = (mode: number): string => `0${(mode & 0o7777).toString(8)}`;
const owner = ({ uid, gid }: { uid: number; gid: number }): string => `${uid}:${gid}`;
const STDIN_MODES = ['empty stdin', 'open stdin', 'stdin of the first client', 'inherited stdio'];
const SUPERVISE_MODES = ['leave it running', 'stay in front', 'stay as monitor'];
const PORT_PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
]);
const DEVICE_TYPES: ReadonlyMap<number, string> = new Map([
  [0o020000, 'character'],
  [0o060000, 'block'],
  [0o010000, 'fifo'],
]);

const PRINTERS: Printers = {
  'make-directory': (op) => `make directory ${op.path}${notes(octal(op.mode))}`,
  write: (op) => `write ${dataText(op.data)} to ${op.path}`,
  unlink: (op) => `remove ${op.path}`,
  'remove-cgroup': (op) => `remove cgroup ${op.path}`,
  'device-filter': (op) =>
    `attach device program of ${op.program.length / 8} instructions to ${op.cgroup}`,
  netlink: (op) =>
    `send ${op.message.length} bytes of ${op.protocol === 0 ? 'route' : op.protocol === 12 ? 'netfilter' : `netlink ${op.protocol}`} messages`,
  resolver: (op) => `answer DNS queries at ${op.address} port ${op.port}`,
  'await-link': (op) => `wait up to ${op.milliseconds} ms until ${op.name} passes packets`,
  'reserve-port': (op) =>
    `reserve ${PORT_PROTOCOLS.get(op.protocol) ?? `protocol ${op.protocol}`} port ${op.address.includes(':') ? `[${op.address}]` : op.address}:${op.port}`,
  capture: (op) => `note ${op.path} as ${op.name}`,
  hook: (op) => `run hook ${op.path}${notes(op.timeoutMs > 0 && `at most ${op.timeoutMs} ms`)}`,
  'remove-directory': (op) => `remove directory ${op.path}`,
  helper: (op) => `let ${op.path} write ${quoted(op.args.join(' '))} for the container's process`,
  'network-device': (op) =>
    `move network device ${op.name} in${op.rename === '' ? '' : ` as ${op.rename}`}`,
  'end-process': (op) => `end process ${op.pid}`,
  'process-file': (op) => `write the pid and start time to ${op.path}`,
  pidfd: (op) => `send a pidfd to ${op.socket}`,
  'pid-file': (op) => `write the pid to ${op.path}`,
  inherit: (op) => `copy ${op.from} to ${op.to} if that is blank`,
  owner: (op) => `give ${op.path} to ${owner(op)}`,

  supervise: (op) =>
    `supervise: ${SUPERVISE_MODES[op.mode] ?? `mode ${op.mode}`}${notes(
      STDIN_MODES[op.stdin] ?? `stdin ${op.stdin}`,
      op.terminal !== 0 && 'terminal',
      op.log !== '' && `log ${op.log}`,
      op.preserveFds > 0 && `${op.preserveFds} more descriptors`,
    )}`,
  'on-failure': (op) => `on failure run ${op.args.join(' ')}`,
  clone: (op) => {
    const kinds = namespaceNames(op.flags);
    const place = op.cgroup === '' ? '' : ` into cgroup ${op.cgroup}`;
    return `clone${place}${kinds === '' ? '' : ` with new namespaces ${kinds}`}`;
  },
  notify: (op) => `tell the other process ${op.token}`,
  await: (op) => `wait for ${op.token} from the other process`,
  gate: (op) => `open the start gate ${op.path}`,
  'wait-gate': () => 'wait at the start gate',
  'child-file': (op) => `write ${dataText(op.data)} to ${op.file} of the container's process`,

  join: (op) => `join ${namespaceNames(op.type)} namespace ${op.path}`,
  'join-process': (op) => `join ${namespaceNames(op.flags)} namespaces of process ${op.pid}`,
  unshare: (op) => `make new namespaces ${namespaceNames(op.flags)}`,

  propagation: (op) => `make ${op.target} ${propagationName(op.flags)}`,
  overlay: (op) =>
    `mount overlay of ${op.lower.length} layers on ${op.target}${notes(
      op.upper === '' ? 'no upper' : `upper ${op.upper}`,
      ...op.options,
      mountAttributeNames(op.attributes),
    )}`,
  root: (op) => `take ${op.path} as root${notes(op.bind !== 0 && 'bound on itself')}`,
  mount: (op) =>
    `mount ${op.fstype} on ${op.target}${notes(
      mountAttributeNames(op.flags),
      op.data,
      propagationName(op.propagation),
    )}`,
  bind: (op) =>
    `bind ${op.source} on ${op.target}${notes(
      op.recursive !== 0 && 'recursive',
      op.tree !== 0 && (op.tree === LENT ? 'lent' : 'mapped'),
      mountAttributeNames(op.set),
      op.clear !== 0n && `not ${mountAttributeNames(op.clear)}`,
      op.deepSet !== 0n && `all below ${mountAttributeNames(op.deepSet)}`,
      op.deepClear !== 0n && `all below not ${mountAttributeNames(op.deepClear)}`,
      propagationName(op.propagation),
    )}`,
  'mount-attributes': (op) =>
    `change mount ${op.target}${notes(
      op.recursive !== 0 && 'recursive',
      mountAttributeNames(op.set),
      op.clear !== 0n && `not ${mountAttributeNames(op.clear)}`,
      propagationName(op.propagation),
    )}`,
  mask: (op) => `hide ${op.path}`,
  'read-only': (op) => `make ${op.path} read-only`,
  directory: (op) => `make directory ${op.path}${notes(octal(op.mode), owner(op))}`,
  symlink: (op) => `link ${op.path} to ${op.value}`,
  device: (op) => {
    const type = DEVICE_TYPES.get(op.type & 0o170000) ?? 'device';
    const number = type === 'fifo' ? '' : ` ${op.major}:${op.minor}`;
    return `make ${type} ${op.path}${number}${notes(octal(op.mode), owner(op))}`;
  },
  'copy-up': (op) => `copy ${op.path} to ${op.destination} if that is empty`,
  'copy-up-tree': (op) => `copy ${op.path} into tree ${op.tree} if that is empty`,
  'root-tree': (op) => `make tree ${op.tree} the root`,
  'mapped-overlay': (op) =>
    `mount an overlay of ${op.directory}${notes(
      `${op.lower.length} layers`,
      `users ${mapText(op.uids)}`,
      `groups ${mapText(op.gids)}`,
    )}`,
  pivot: () => 'pivot into the root and drop the old one',
  'move-root': () => 'move the root over / and change into it',
  'null-streams': () => "put streams on the container's own /dev/null",
  'change-root': () => 'change into the root, in the mount namespace of the host',
  'copy-into-tmpfs': (op) =>
    `copy ${op.target} into a tmpfs over it${notes(mountAttributeNames(op.attributes), op.data)}`,

  'lend-trees': (op) => `open ${op.sources.join(', ')} in the container's mount namespace`,
  'stream-owner': (op) => `give the standard streams to ${op.uid}:${op.gid}`,
  adopt: (op) => `run ${op.args[0] ?? ''} and take over the process that it leaves`,
  'mapped-tree': (op) =>
    `map the owners of ${op.source}${op.namespace === '' ? '' : ` as ${op.namespace} does`}${notes(
      op.recursive !== 0 && 'recursive',
      op.deep !== 0 && 'all below mapped',
      op.uids !== '' && `users ${mapText(op.uids)}`,
      op.gids !== '' && `groups ${mapText(op.gids)}`,
      propagationName(op.propagation),
    )}`,

  'bind-below': (op) =>
    `bind ${op.path} of ${op.source} on ${op.target}${notes(
      op.recursive !== 0 && 'recursive',
      op.set !== 0n && `all below ${mountAttributeNames(op.set)}`,
      op.clear !== 0n && `all below not ${mountAttributeNames(op.clear)}`,
      propagationName(op.propagation),
    )}`,
  unmount: (op) => `unmount ${op.path}`,

  hostname: (op) => `set hostname ${op.name}`,
  domainname: (op) => `set domainname ${op.name}`,
  sysctl: (op) => `set sysctl ${op.key.replaceAll('/', '.')} to ${op.value}`,
  session: () => 'start a session',
  terminal: (op) =>
    `open a terminal${notes(op.rows > 0 && `${op.rows} rows`, op.columns > 0 && `${op.columns} columns`, op.consoleSocket !== '' && `to ${op.consoleSocket}`)}`,
  keyring: (op) =>
    `join ${op.name === '' ? 'a new session keyring' : `session keyring ${op.name}`}`,
  rlimit: (op) =>
    `limit ${resourceName(op.resource)} to ${limitText(op.soft)}, at most ${limitText(op.hard)}`,
  umask: (op) => `set umask ${octal(op.mask)}`,
  user: (op) => {
    const group = op.group === '' ? '' : `:${op.group}`;
    const more = op.groups.length === 0 ? '' : ` with groups ${op.groups.join(', ')}`;
    return `take user ${op.user}${group}${more}${notes(op.lookup !== 0 && 'looked up in the container')}`;
  },
  bounding: (op) => `bound capabilities to ${capabilityNames(op.mask)}`,
  identity: () => 'become that user',
  capabilities: (op) => {
    const sets = [op.permitted, op.inheritable, op.ambient];
    const [permitted = '', inheritable = '', ambient = ''] = sets.map(capabilityNames);
    return `take capabilities ${capabilityNames(op.effective)}${notes(
      op.permitted !== op.effective && `permitted ${permitted}`,
      op.inheritable !== 0n && `inheritable ${inheritable}`,
      op.ambient !== 0n && `ambient ${ambient}`,
    )}`;
  },
  'drop-capabilities': (op) =>
    `keep capabilities ${capabilityNames(op.effective)}${notes(
      op.permitted !== op.effective && `permitted ${capabilityNames(op.permitted)}`,
    )}`,
  'no-new-privileges': () => 'allow no new privileges',
  seccomp: (op) =>
    `load seccomp filter of ${op.filter.length / 8} instructions${notes(op.listener !== '' && `notifying ${op.listener}`)}`,
  'change-directory': (op) =>
    `change directory to ${op.path}${notes(op.create !== 0 && 'made when missing')}`,
  init: () => 'stay as init and go on in a child',
  label: (op) => `set ${op.attribute} label ${op.value} for the program`,
  personality: (op) => `set personality 0x${op.value.toString(16)}`,
  scheduler: (op) =>
    `schedule by policy ${op.policy}${notes(
      op.nice !== 0 && `nice ${BigInt.asIntN(32, BigInt(op.nice))}`,
      op.priority !== 0 && `priority ${op.priority}`,
      op.flags !== 0n && `flags 0x${op.flags.toString(16)}`,
      op.period !== 0n && `${op.runtime} of ${op.period} ns within ${op.deadline} ns`,
    )}`,
  'io-priority': (op) => `set disk priority ${op.priority} of class ${op.class}`,
  affinity: (op) => `run on processors 0x${bitsText(op.mask)}`,
  'memory-policy': (op) =>
    `set memory policy ${op.mode & 0xff}${notes(
      op.mode > 0xff && `flags 0x${(op.mode & ~0xff).toString(16)}`,
      op.nodes.length > 0 && `nodes 0x${bitsText(op.nodes)}`,
    )}`,
  exec: (op) => `run ${op.args.map(argument).join(' ')}`,
  'find-program': (op) => `look for ${argument(op.args[0] ?? '')}`,

  'tree-directory': (op) => `directory ${op.path}${notes(octal(op.mode), owner(op))}`,
  'tree-file': (op) => `file ${op.path} of ${op.size} bytes${notes(octal(op.mode), owner(op))}`,
  'tree-data': (op) => `${op.bytes.length} bytes at ${op.offset}`,
  'tree-symlink': (op) => `link ${op.path} to ${op.value}${notes(owner(op))}`,
  'tree-hardlink': (op) => `${op.path} as another name of ${op.value}`,
  'tree-device': (op) => `device ${op.path} ${op.major}:${op.minor}${notes(octal(op.mode))}`,
  'tree-whiteout': (op) => `${op.path} is removed`,
  'tree-opaque': (op) => `${op.path} hides what lies below`,
  'tree-end': () => 'end of the tree',
};

/** `0 100000 65536` */
function mapText(lines: string): string {
  return lines.trim().replaceAll('\n', '; ');
}

/** The lowest bits last, as a number is written. */
function bitsText(mask: Uint8Array): string {
  return Buffer.from(mask).reverse().toString('hex');
}

/** As one would type it, when that is unambiguous. */
function argument(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text);
}
