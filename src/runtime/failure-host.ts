/** Failures of what a configuration takes from the machine: id mappings, interfaces, scheduling. */

import { printOp } from '../plan/print.ts';
import type { Row } from './failure.ts';

/** Each with the reason that the kernel most often means. */
export const HOST_ROWS: readonly Row[] = [
  {
    op: 'mapped-tree',
    errno: ['ENOENT'],
    class: 'invalid',
    code: 'mount-source',
    say: (op, detail, reason) => ({
      message: `cannot ${printOp(op)}: ${detail}: ${reason}`,
      hint: 'create it on the host first, or correct the path',
    }),
  },
  {
    op: 'mapped-tree',
    errno: ['EPERM', 'EINVAL'],
    class: 'denied',
    code: 'idmapped-mount',
    say: (op, _, reason) => ({
      message: `cannot ${printOp(op)}: ${reason}`,
      hint: 'this takes root of the machine and a file system that allows id-mapped mounts',
    }),
  },
  {
    op: 'mapped-overlay',
    errno: ['EPERM', 'EINVAL', 'EOPNOTSUPP'],
    class: 'denied',
    code: 'idmapped-mount',
    say: (op, detail, reason) => ({
      message: `cannot ${printOp(op)}: ${detail}: ${reason}`,
      hint: 'a user namespace takes root of the machine, Linux 6.15 and a data root on a file system that allows id-mapped mounts',
    }),
  },
  {
    op: 'lend-trees',
    errno: ['ENOENT'],
    class: 'invalid',
    code: 'mount-source',
    say: (_op, detail) => ({
      message: `invalid mount config for type "bind": bind source path does not exist: ${detail}`,
      hint: 'create it on the host first, or correct the path',
    }),
  },
  {
    op: 'bind',
    errno: ['EACCES', 'EOVERFLOW'],
    when: (op, detail) => op.op === 'bind' && detail === op.target && detail !== op.source,
    class: 'denied',
    code: 'mount-point',
    say: (_op, detail, reason) => ({
      message: `cannot make the mount point ${detail} in the root file system: ${reason}`,
      hint: "make it in the image, or give the root file system to the root of the container's user namespace",
    }),
  },
  {
    op: 'bind-below',
    errno: ['EXDEV', 'ELOOP'],
    class: 'invalid',
    code: 'mount-subpath',
    say: (op, detail) => ({
      message: `cannot access path ${detail}: it leads out of ${op.op === 'bind-below' ? op.source : ''}`,
      hint: 'a subpath and the links in it must stay inside of the volume',
    }),
  },
  {
    op: 'bind-below',
    errno: ['ENOENT', 'ENOTDIR'],
    class: 'invalid',
    code: 'mount-subpath',
    say: (_op, detail, reason) => ({
      message: `cannot access path ${detail}: ${reason}`,
      hint: 'what a subpath names must exist before the container starts',
    }),
  },
  {
    op: 'network-device',
    errno: ['ENODEV'],
    class: 'invalid',
    code: 'network-device',
    say: (op) => ({
      message: `linux.netDevices: there is no network device ${op.op === 'network-device' ? op.name : ''}`,
      hint: 'ip link shows those of this machine',
    }),
  },
  {
    op: 'network-device',
    errno: ['EEXIST'],
    class: 'conflict',
    code: 'network-device',
    say: (op, detail) => ({
      message: `cannot ${printOp(op)}: the container has a network device ${detail} already`,
      hint: 'give it another name, or one with %d',
    }),
  },
  {
    op: 'network-device',
    class: 'denied',
    code: 'network-device',
    say: (op, detail, reason) => ({
      message: `cannot ${printOp(op)}: ${detail}: ${reason}`,
      hint: 'loop-back and some virtual devices stay where they are, and only root moves one',
    }),
  },
  ...(['scheduler', 'io-priority', 'affinity', 'memory-policy'] as const).map(
    (op): Row => ({
      op,
      class: 'denied',
      code: 'scheduling',
      say: (step, _, reason) => ({
        message: `cannot ${printOp(step)}: ${reason}`,
        hint: 'better treatment takes CAP_SYS_NICE, and this machine must have what is named',
      }),
    }),
  ),
];
