/** `tiffin network create`. */

import type { IpamPool, NetworkCreateResponse } from '../../spec/docker.ts';
import { CliError, type Command, type Invocation } from '../command.ts';
import { checkLabel } from '../container/checks.ts';
import { pairsToObject } from '../container/env-file.ts';

export const networkCreate: Command = {
  usage: '[OPTIONS] NETWORK',
  summary: 'Create a network',
  flags: [
    { name: 'attachable', kind: 'bool', help: 'Enable manual container attachment' },
    {
      name: 'aux-address',
      kind: 'strings',
      label: 'map',
      help: 'Addresses that are taken already (name=address)',
    },
    {
      name: 'driver',
      short: 'd',
      kind: 'string',
      help: 'Driver to manage the network',
      fallback: 'bridge',
    },
    { name: 'gateway', kind: 'strings', help: 'IPv4 or IPv6 gateway for the subnet' },
    { name: 'internal', kind: 'bool', help: 'Restrict external access to the network' },
    { name: 'ip-range', kind: 'strings', help: 'Allocate container addresses from a sub-range' },
    {
      name: 'ipam-driver',
      kind: 'string',
      help: 'Driver of the address management',
      fallback: 'default',
    },
    { name: 'ipam-opt', kind: 'list', label: 'map', help: 'Options of the address management' },
    {
      name: 'ipv4',
      kind: 'bool',
      help: 'Enable or disable IPv4 address assignment',
      fallback: 'true',
    },
    { name: 'ipv6', kind: 'bool', help: 'Enable or disable IPv6 address assignment' },
    { name: 'label', kind: 'list', help: 'Set metadata on a network', check: checkLabel },
    { name: 'opt', short: 'o', kind: 'list', label: 'map', help: 'Set driver specific options' },
    { name: 'scope', kind: 'string', help: "Control the network's scope" },
    {
      name: 'subnet',
      kind: 'strings',
      help: 'Subnet in CIDR format that represents a network segment',
    },
  ],
  args: { min: 1, max: 1 },
  run: async (invocation) => {
    const { args, flags, client, out } = invocation;
    const answer = await client.json<NetworkCreateResponse>('POST', '/networks/create', {
      Name: args[0],
      Driver: flags.text('driver'),
      Scope: flags.text('scope'),
      EnableIPv4: flags.bool('ipv4'),
      EnableIPv6: flags.bool('ipv6'),
      Internal: flags.bool('internal'),
      Attachable: flags.bool('attachable'),
      IPAM: {
        Driver: flags.text('ipam-driver'),
        Options: pairsToObject(flags.list('ipam-opt')),
        Config: pools(invocation),
      },
      Options: pairsToObject(flags.list('opt')),
      Labels: pairsToObject(flags.list('label')),
    });
    if (answer.Warning) out.error(`WARNING: ${answer.Warning}\n`);
    out.print(`${answer.Id}\n`);
    return 0;
  },
};

/** Gateways, ranges and taken addresses go to the subnet in the same place of the list, or to the only one. */
function pools({ flags }: Invocation): IpamPool[] {
  const subnets = flags.list('subnet');
  const list: IpamPool[] = subnets.map((subnet) => ({ Subnet: subnet }));
  const place = (
    values: readonly string[],
    what: string,
    set: (pool: IpamPool, value: string) => void,
  ) => {
    for (const [at, value] of values.entries()) {
      const pool = list[at];
      if (pool === undefined) throw new CliError(`no matching subnet for ${what} ${value}`);
      set(pool, value);
    }
  };
  place(flags.list('gateway'), 'gateway', (pool, value) => {
    pool.Gateway = value;
  });
  place(flags.list('ip-range'), 'range', (pool, value) => {
    pool.IPRange = value;
  });
  const taken = pairsToObject(flags.list('aux-address'));
  const [first] = list;
  if (Object.keys(taken).length > 0) {
    if (first === undefined)
      throw new CliError(`no matching subnet for aux-address ${Object.values(taken).join(',')}`);
    first.AuxiliaryAddresses = taken;
  }
  return list;
}
