/** Where the network room's steps go, and the loop-back device that every new network namespace needs. */

import { TiffinError } from '../base/errors.ts';
import { encodeMessages, NETLINK_ROUTE, setLink } from '../netlink/index.ts';
import type { Step } from '../plan/ops.ts';
import type { LinuxNetDevice } from '../spec/runtime/index.ts';
import type { NamespacePlan } from './namespaces.ts';
import { beside, inside } from './step.ts';
import { TOKENS } from './tokens.ts';

/**
 * Interfaces are moved in from beside while the file system is being set up inside; the steps inside wait for
 * that, and stand before privileges are dropped. Without `steps` a new network namespace gets its loop-back only.
 */
export function planNetwork(
  namespaces: Pick<NamespacePlan, 'created' | 'joined'>,
  steps: readonly Step[] | undefined,
  devices: Readonly<Record<string, LinuxNetDevice>> = {},
) {
  if (Object.keys(devices).length > 0 && !ownNetwork(namespaces)) throw noNetwork();
  const of = (stage: Step['stage']) => (steps ?? []).filter((step) => step.stage === stage);
  const moved = [...of('beside').filter((step) => !isLate(step)), ...planDevices(devices)];
  const links = of('beside').filter(isLate);
  const own = steps === undefined && namespaces.created.has('network');
  return {
    host: of('host'),
    beside:
      moved.length === 0
        ? []
        : [...moved, beside({ op: 'notify', token: TOKENS.networked }, 'interfaces are inside')],
    ...planLinks(links),
    inside: [
      ...(moved.length === 0
        ? []
        : [
            inside(
              { op: 'await', token: TOKENS.networked },
              'interfaces are moved in from outside',
            ),
          ]),
      ...of('inside'),
      ...(own
        ? [
            inside(
              {
                op: 'netlink',
                protocol: NETLINK_ROUTE,
                message: encodeMessages([setLink({ index: LOOPBACK, up: true })]).bytes,
                pidOffsets: [],
                ignore: [],
              },
              'loop-back, the only interface of a new network namespace',
            ),
          ]
        : []),
      ...(links.length === 0
        ? []
        : [inside({ op: 'notify', token: TOKENS.up }, 'the interfaces are up')]),
    ],
    teardown: of('teardown'),
  };
}

/** What can only be done when the interfaces inside are up. */
function isLate({ op }: Step): boolean {
  return op.op === 'await-link';
}

/**
 * The kernel lets the other end of a cable pass packets by a work queue of its own, some time after both ends are up: a
 * program that sends at once would lose its first packet, and a second with it until ARP asks again.
 */
function planLinks(links: readonly Step[]): { besideLinks: Step[]; insideLinks: Step[] } {
  if (links.length === 0) return { besideLinks: [], insideLinks: [] };
  return {
    besideLinks: [
      beside({ op: 'await', token: TOKENS.up }, 'the interfaces inside are up'),
      ...links,
      beside({ op: 'notify', token: TOKENS.linked }, 'the network passes packets'),
    ],
    insideLinks: [
      inside({ op: 'await', token: TOKENS.linked }, 'the first packet must not be lost'),
    ],
  };
}

function ownNetwork({ created, joined }: Pick<NamespacePlan, 'created' | 'joined'>): boolean {
  return created.has('network') || joined.has('network');
}

function noNetwork(): TiffinError {
  return new TiffinError(
    'invalid',
    'network-device',
    'linux.netDevices: need a network namespace in linux.namespaces',
  );
}

function planDevices(devices: Readonly<Record<string, LinuxNetDevice>>): Step[] {
  return Object.entries(devices).map(([name, device]) =>
    beside(
      { op: 'network-device', name, rename: device.name ?? '' },
      'an interface of the host that goes with the namespace',
    ),
  );
}

/** Index of `lo` in every network namespace. */
const LOOPBACK = 1;
