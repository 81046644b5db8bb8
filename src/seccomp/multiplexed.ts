/**
 * On 32-bit x86 old programs reach the socket and System V IPC calls through one call each, which takes the wanted call as its
 * first argument. A rule for such a call must hold on that way too, or it could be walked around.
 */

import type { Architecture } from './architectures.ts';

/** include/uapi/linux/net.h: SYS_*; the index is the number. */
const SOCKET_CALLS = [
  '',
  'socket',
  'bind',
  'connect',
  'listen',
  'accept',
  'getsockname',
  'getpeername',
  'socketpair',
  'send',
  'recv',
  'sendto',
  'recvfrom',
  'shutdown',
  'setsockopt',
  'getsockopt',
  'sendmsg',
  'recvmsg',
  'accept4',
  'recvmmsg',
  'sendmmsg',
];

/** include/uapi/linux/ipc.h. */
const IPC_CALLS: readonly (readonly [string, number])[] = [
  ['semop', 1],
  ['semget', 2],
  ['semctl', 3],
  ['semtimedop', 4],
  ['msgsnd', 11],
  ['msgrcv', 12],
  ['msgget', 13],
  ['msgctl', 14],
  ['shmat', 21],
  ['shmdt', 22],
  ['shmget', 23],
  ['shmctl', 24],
];

interface Detour {
  name: 'socketcall' | 'ipc';
  call: number;
}

let multiplexed: ReadonlyMap<string, Detour> | undefined;

/** The ways through which the named calls can be made as well: a call, and the value of its first argument. */
export function multiplexedCalls(names: readonly string[], architecture: Architecture): Detour[] {
  if (architecture !== 'x86') return [];
  multiplexed ??= detours();
  const known = multiplexed;
  return names.flatMap((name) => known.get(name) ?? []);
}

function detours(): Map<string, Detour> {
  return new Map<string, Detour>([
    ...SOCKET_CALLS.map((name, call): [string, Detour] => [
      name,
      { name: 'socketcall', call },
    ]).slice(1),
    ...IPC_CALLS.map(([name, call]): [string, Detour] => [name, { name: 'ipc', call }]),
  ]);
}
