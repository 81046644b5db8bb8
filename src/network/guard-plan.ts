/** The steps by which a port gets its place in the guard of the bridges, and loses it. */

import type { Step } from '../plan/ops.ts';
import type { FirewallElement } from './firewall.ts';
import { guestElements, senderElements } from './guard.ts';
import { elementsOp } from './host-plan.ts';
import type { Endpoint } from './types.ts';

/** `host` may send under the addresses of `guest`, an endpoint of the same container. */
export interface Guest {
  guest: Endpoint;
  host: Endpoint;
}

/** Who sends as whom, besides every endpoint as itself; undefined where the kernel has no tables for bridges. */
export type Guarded = readonly Guest[] | undefined;

/** EAFNOSUPPORT, EOPNOTSUPP: built without NF_TABLES_BRIDGE. */
export const NO_BRIDGE_TABLES: ReadonlySet<number> = new Set([95, 97]);

export function guardedElements(endpoint: Endpoint, guarded: Guarded): readonly FirewallElement[] {
  if (guarded === undefined) return [];
  return [
    ...senderElements(endpoint),
    ...guarded.flatMap(({ guest, host }) => guestElements(guest, host)),
  ];
}

/**
 * Host steps, for a port that is off its bridge. One for each pair: those of an endpoint that has left already are not
 * there, and the kernel takes all of an operation or nothing.
 */
export function unguardSteps(table: string, endpoint: Endpoint, guarded: Guarded): Step[] {
  if (guarded === undefined) return [];
  const parts: [readonly FirewallElement[], string][] = [
    [senderElements(endpoint), `nobody sends by ${endpoint.hostInterface} any more`],
    ...guarded.map(({ guest, host }): [readonly FirewallElement[], string] => [
      guestElements(guest, host),
      `${host.interface} no longer sends as ${guest.interface}`,
    ]),
  ];
  return parts
    .filter(([elements]) => elements.length > 0)
    .map(([elements, why]) => ({ stage: 'host', op: elementsOp(table, elements, 'delete'), why }));
}
