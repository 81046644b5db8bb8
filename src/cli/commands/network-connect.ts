/** `tiffin network connect`. */

import type { EndpointIpamConfig, EndpointSettings } from '../../spec/docker.ts';
import type { Command } from '../command.ts';
import { pairsToObject } from '../container/env-file.ts';
import type { FlagValues } from '../flags/values.ts';

export const networkConnect: Command = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Connect a container to a network',
  flags: [
    { name: 'alias', kind: 'strings', help: 'Add network-scoped alias for the container' },
    { name: 'driver-opt', kind: 'strings', help: 'driver options for the network' },
    {
      name: 'gw-priority',
      kind: 'int',
      help: 'Highest gw-priority provides the default gateway. Accepts positive and negative values.',
    },
    { name: 'ip', kind: 'string', help: 'IPv4 address (e.g., "172.30.100.104")' },
    { name: 'ip6', kind: 'string', help: 'IPv6 address (e.g., "2001:db8::33")' },
    { name: 'link', kind: 'list', help: 'Add link to another container' },
    {
      name: 'link-local-ip',
      kind: 'strings',
      help: 'Add a link-local address for the container',
    },
  ],
  args: { min: 2, max: 2 },
  run: async ({ args, flags, client }) => {
    const [network = '', container = ''] = args;
    await client.text('POST', `/networks/${encodeURIComponent(network)}/connect`, {
      Container: container,
      EndpointConfig: endpointSettings(flags),
    });
    return 0;
  },
};

function endpointSettings(flags: FlagValues): Partial<EndpointSettings> {
  const addresses: EndpointIpamConfig = {
    ...(flags.text('ip') !== '' && { IPv4Address: flags.text('ip') }),
    ...(flags.text('ip6') !== '' && { IPv6Address: flags.text('ip6') }),
    ...(flags.has('link-local-ip') && { LinkLocalIPs: flags.list('link-local-ip') }),
  };
  return {
    IPAMConfig: addresses,
    ...(flags.has('alias') && { Aliases: flags.list('alias') }),
    ...(flags.has('link') && { Links: flags.list('link') }),
    ...(flags.has('driver-opt') && { DriverOpts: pairsToObject(flags.list('driver-opt')) }),
    GwPriority: flags.number('gw-priority') ?? 0,
  };
}
