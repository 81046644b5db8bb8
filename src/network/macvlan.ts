/** Networks of driver `macvlan`: containers stand on the wire of a link of the host, each with a hardware address of its own. */

import { TiffinError } from '../base/errors.ts';
import { randomSuffix } from '../base/ids.ts';
import { interfaceIndex } from '../host/network-facts.ts';
import { createMacvlan, deleteLink, type MacvlanRequest } from '../netlink/index.ts';
import type { Plan, Step } from '../plan/ops.ts';
import { parseMac } from './addresses.ts';
import { netlink } from './host-plan.ts';
import type { Endpoint, Network } from './types.ts';

type Mode = MacvlanRequest['mode'];

const OPTIONS: ReadonlySet<string> = new Set([
  'parent',
  'macvlan_mode',
  'com.docker.network.driver.mtu',
]);
const MODES: ReadonlySet<string> = new Set(['bridge', 'private', 'vepa', 'passthru']);

/** Throws `invalid` in words for whoever wrote the options of `network create`. */
export function checkMacvlan(options: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(options).find((key) => !OPTIONS.has(key));
  if (unknown !== undefined) {
    throw invalid(`unknown option of a macvlan network: ${JSON.stringify(unknown.slice(0, 64))}`);
  }
  const mode = options.macvlan_mode ?? '';
  if (mode !== '' && !MODES.has(mode)) {
    throw invalid(`unknown macvlan mode ${JSON.stringify(mode.slice(0, 40))}`);
  }
  if ((options.parent ?? '') === '') throw invalid('a macvlan network needs the option parent');
  parentIndex(options.parent ?? '');
}

/** Whether the kernel makes such a device on the parent: makes one, and takes it away. */
export function probeSteps({ options }: Network): Plan {
  const name = `tf${randomSuffix()}`.slice(0, 15);
  const parent = options.parent ?? '';
  const request: MacvlanRequest = {
    name,
    index: 0,
    parent: parentIndex(parent),
    mode: modeOf(options),
    inside: false,
  };
  return [
    {
      stage: 'host',
      op: netlink([createMacvlan(request), deleteLink(name)]),
      why: `interface ${parent} takes devices of kind macvlan`,
    },
  ];
}

/** Born inside, as a veth's peer is. It goes with the container's namespace: nothing is to be undone. */
export function macvlanStep(endpoint: Endpoint, network: Network, index: number): Step {
  const { options, mtu } = network;
  const parent = options.parent ?? '';
  const message = createMacvlan({
    name: endpoint.interface,
    index,
    parent: parentIndex(parent),
    mode: modeOf(options),
    mac: parseMac(endpoint.mac) ?? new Uint8Array(6),
    ...(options['com.docker.network.driver.mtu'] ? { mtu } : {}),
    inside: true,
  });
  const addresses = [endpoint.address, endpoint.address6].filter(Boolean).join(' and ');
  const why = `${endpoint.interface} on the wire of ${parent}, for ${addresses}`;
  return { stage: 'beside', op: netlink([message]), why };
}

/** Containers of a network of its own hardware addresses, without a bridge. */
export function isMacvlan({ driver }: Pick<Network, 'driver'>): boolean {
  return driver === 'macvlan';
}

function modeOf(options: Readonly<Record<string, string>>): Mode {
  const word = options.macvlan_mode ?? '';
  return word === 'private' || word === 'vepa' || word === 'passthru' ? word : 'bridge';
}

function parentIndex(name: string): number {
  const index = interfaceIndex(name);
  if (index !== undefined) return index;
  throw new TiffinError('invalid', 'no-parent', `no such interface: parent ${name.slice(0, 40)}`, {
    hint: 'name an interface of the host; make one with a VLAN tag first: ip link add link eth0 name eth0.10 type vlan id 10',
  });
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-network', message, {
    hint: 'options: parent=<interface of the host>, macvlan_mode=bridge|private|vepa|passthru, com.docker.network.driver.mtu',
  });
}
