/** Marks on packets: linux.resources.network. Only v1 has these controllers. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';
import { type CgroupWrite, type Controller, write } from './controller.ts';

export const netCls: Controller = {
  v1Name: 'net_cls',
  v2Name: undefined,
  v1: classWrites,
  v2: classWrites,
};

export const netPrio: Controller = {
  v1Name: 'net_prio',
  v2Name: undefined,
  v1: priorityWrites,
  v2: priorityWrites,
};

function classWrites({ network }: LinuxResources): CgroupWrite[] {
  return network?.classID
    ? [write('net_cls.classid', network.classID, 'class of its packets for tc')]
    : [];
}

function priorityWrites({ network }: LinuxResources): CgroupWrite[] {
  return (network?.priorities ?? []).map(({ name, priority }) => {
    // A space would shift the fields of the line.
    if (!/^[^\s/]{1,15}$/.test(name)) {
      throw new TiffinError(
        'invalid',
        'invalid-interface-name',
        `linux.resources.network.priorities: not an interface name: ${JSON.stringify(name.slice(0, 64))}`,
      );
    }
    return write('net_prio.ifpriomap', `${name} ${priority}`, `priority of its packets on ${name}`);
  });
}
