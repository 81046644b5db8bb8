/** RDMA devices: linux.resources.rdma. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';
import { type CgroupWrite, type Controller, write } from './controller.ts';

export const rdma: Controller = { v1Name: 'rdma', v2Name: 'rdma', v1: rdmaWrites, v2: rdmaWrites };

function rdmaWrites({ rdma = {} }: LinuxResources): CgroupWrite[] {
  return Object.entries(rdma).map(([device, { hcaHandles, hcaObjects }]) => {
    if (!/^[\w.-]{1,64}$/.test(device)) {
      throw new TiffinError(
        'invalid',
        'invalid-rdma-device',
        `linux.resources.rdma: not a device name: ${JSON.stringify(device.slice(0, 64))}`,
      );
    }
    const limits = [
      ...(hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]),
    ];
    return write('rdma.max', [device, ...limits].join(' '), `limits of ${device}`);
  });
}
