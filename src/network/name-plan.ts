/**
 * Where a container asks for names: 127.0.0.11, port 53, as resolv.conf(5) wants it.
 *
 * The sockets stand at another port, so that a name server may run in the container and have port 53 of every address.
 * Two stateless rules in the container's own network namespace lead there and back; they track no connection.
 */

import {
  type Expression,
  encodeBatch,
  NETLINK_NETFILTER,
  type Rule,
  replaceTable,
  type Table,
} from '../nftables/index.ts';
import type { Step } from '../plan/ops.ts';
import { DEFAULT_NETWORK } from './new-network.ts';
import type { Network } from './types.ts';

/** What containers of user-defined networks have in /etc/resolv.conf. */
export const NAME_SERVER = '127.0.0.11';
/** Beyond the ports that programs get without asking. */
const PORT = 61_053;
const DOMAIN = 53;
const PROTOCOLS = [
  { number: 17, checksum: 6 },
  { number: 6, checksum: 16 },
] as const;
const ADDRESS = Uint8Array.of(127, 0, 0, 11);
const SOURCE = { address: 12, port: 0 } as const;
const DESTINATION = { address: 16, port: 2 } as const;
const RAW = -300;

/** The sockets stand in every container with an interface: it may join a network with names later. */
export function nameSteps(networks: readonly Network[]): Step[] {
  return [
    {
      stage: 'inside',
      op: { op: 'resolver', address: NAME_SERVER, port: PORT },
      why: 'its monitor hears what it asks by name',
    },
    ...(networks.some(hasNames) ? [nameRulesStep()] : []),
  ];
}

export function nameRulesStep(): Step {
  return {
    stage: 'inside',
    op: {
      op: 'netlink',
      protocol: NETLINK_NETFILTER,
      message: encodeBatch(replaceTable(RULES, [])),
      pidOffsets: [],
      ignore: [],
    },
    why: `port ${DOMAIN} of ${NAME_SERVER} leads to its monitor`,
  };
}

export function hasNames(network: Pick<Network, 'driver' | 'name'>): boolean {
  return network.driver !== 'host' && network.driver !== 'null' && network.name !== DEFAULT_NETWORK;
}

const RULES: Table = {
  family: 'ip',
  name: 'tiffin_names',
  sets: [],
  chains: [
    {
      name: 'output',
      hook: { type: 'filter', hook: 'output', priority: RAW },
      rules: PROTOCOLS.flatMap((protocol) => [
        rewritten(protocol, DESTINATION, DOMAIN, PORT),
        rewritten(protocol, SOURCE, PORT, DOMAIN),
      ]),
    },
  ],
};

function rewritten(
  { number, checksum }: (typeof PROTOCOLS)[number],
  end: typeof SOURCE | typeof DESTINATION,
  from: number,
  to: number,
): Rule {
  const port = { base: 'transport', offset: end.port, length: 2 } as const;
  return [
    { kind: 'payload', base: 'network', offset: end.address, length: 4, register: 0 },
    is(ADDRESS),
    { kind: 'meta', key: 'protocol', register: 0 },
    is(Uint8Array.of(number)),
    { kind: 'payload', ...port, register: 0 },
    is(portBytes(from)),
    { kind: 'value', register: 0, value: portBytes(to) },
    { kind: 'set-payload', ...port, register: 0, checksum },
  ];
}

function is(value: Uint8Array): Expression {
  return { kind: 'compare', register: 0, value };
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}
