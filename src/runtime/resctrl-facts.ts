/** What this machine has of resctrl, read only for a configuration that asks for it. */

import { posix } from 'node:path';
import { readKernelText } from '../host/kernel-files.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';
import { type Resctrl, resctrlGroup } from './intel-rdt.ts';

export function resctrlFacts(spec: RuntimeSpec, id: string): { resctrl?: Resctrl } {
  const wish = spec.linux?.intelRdt;
  if (wish === undefined) return {};
  const mountpoint = resctrlMount(readKernelText('/proc/self/mountinfo') ?? '');
  if (mountpoint === undefined) return {};
  const group = resctrlGroup(mountpoint, wish.closID, id);
  return { resctrl: { mountpoint, schemata: readKernelText(posix.join(group, 'schemata')) } };
}

/** proc_pid_mountinfo(5): the mount point is field 5, the type stands after the lone hyphen. */
export function resctrlMount(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    if (after.startsWith('resctrl ')) return before.split(' ')[4];
  }
  return undefined;
}
