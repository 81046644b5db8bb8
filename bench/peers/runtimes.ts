/** The OCI runtimes: ours, runc and crun. */

import { run } from '../command.ts';
import type { RuntimePeer } from './peer.ts';

export function runtimePeers(tiffin: string, state: string): RuntimePeer[] {
  return [
    {
      name: 'tiffin',
      version: firstLine([tiffin, '--version']),
      command: [tiffin, 'oci', '--root', `${state}/tiffin`],
    },
    {
      name: 'runc',
      version: firstLine(['runc', '--version']),
      command: ['runc', '--root', `${state}/runc`],
    },
    {
      name: 'crun (no cgroups)',
      version: firstLine(['crun', '--version']),
      command: ['crun', '--root', `${state}/crun`, '--cgroup-manager=disabled'],
    },
  ];
}

function firstLine(argv: readonly string[]): string {
  return run(argv).split('\n')[0] ?? '';
}
