/** Linux capabilities by name and number (capabilities(7), include/uapi/linux/capability.h). */

import { TiffinError } from '../base/errors.ts';

/** Index in the list is the kernel's number. */
export const CAPABILITY_NAMES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

export type Capability = (typeof CAPABILITY_NAMES)[number];

/** What a container gets when nobody asks for more or less: Docker's documented set. */
export const DEFAULT_CAPABILITIES: readonly Capability[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

const numbers: ReadonlyMap<string, number> = new Map(
  CAPABILITY_NAMES.map((name, number) => [name, number]),
);

/** `net_admin`, `NET_ADMIN` or `CAP_NET_ADMIN` → `CAP_NET_ADMIN`; undefined when there is no such capability. */
export function parseCapability(text: string): Capability | undefined {
  const upper = text.trim().toUpperCase();
  const number = numbers.get(upper.startsWith('CAP_') ? upper : `CAP_${upper}`);
  return number === undefined ? undefined : CAPABILITY_NAMES[number];
}

/** Bit mask of the names; names must be capabilities, in any form that `parseCapability` takes. */
export function capabilityMask(names: Iterable<string>): bigint {
  let mask = 0n;
  for (const name of names) {
    const parsed = parseCapability(name);
    if (parsed === undefined) throw unknownCapability(name);
    mask |= 1n << BigInt(numbers.get(parsed) ?? 0);
  }
  return mask;
}

/** Names of the bits that are set, by number; bits beyond the known ones are left out. */
export function capabilityNames(mask: bigint): Capability[] {
  return CAPABILITY_NAMES.filter((_, number) => (mask >> BigInt(number)) & 1n);
}

/**
 * The set after Docker's `CapAdd` and `CapDrop`, by its rules: `CapAdd: ALL` gives everything except what is dropped
 * by name, else `CapDrop: ALL` leaves exactly what is added by name, else what is dropped leaves the base before what
 * is added joins it. Sorted by number.
 */
export function adjustCapabilities(
  base: readonly Capability[],
  add: readonly string[],
  drop: readonly string[],
): Capability[] {
  const added = parseList(add, 'CapAdd');
  const dropped = parseList(drop, 'CapDrop');
  const start = added.all ? CAPABILITY_NAMES : dropped.all ? [] : base;
  const result = new Set(start.filter((name) => !dropped.names.includes(name)));
  if (!added.all) for (const name of added.names) result.add(name);
  return CAPABILITY_NAMES.filter((name) => result.has(name));
}

function parseList(list: readonly string[], field: string): { all: boolean; names: Capability[] } {
  const names: Capability[] = [];
  let all = false;
  for (const text of list) {
    if (text.trim().toUpperCase() === 'ALL') {
      all = true;
      continue;
    }
    const name = parseCapability(text);
    if (name === undefined) throw unknownCapability(text, field);
    names.push(name);
  }
  return { all, names };
}

function unknownCapability(text: string, field?: string): TiffinError {
  const where = field === undefined ? '' : `invalid ${field}: `;
  return new TiffinError(
    'invalid',
    'unknown-capability',
    `${where}unknown capability: ${JSON.stringify(text)}`,
    { hint: 'capabilities(7) lists the names' },
  );
}
