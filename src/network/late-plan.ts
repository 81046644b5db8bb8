/** What joining and leaving a network does to a container that runs. */

import { hasIpv6 } from '../host/network-facts.ts';
import { deleteLink } from '../netlink/index.ts';
import type { Op, Step } from '../plan/ops.ts';
import {
  type Attachment,
  cableStep,
  defaultRoutes,
  firewallSteps,
  interfaceMessages,
  leaveElements,
  linkSteps,
} from './endpoint-plan.ts';
import { type Guarded, unguardSteps } from './guard-plan.ts';
import { netlink } from './host-plan.ts';
import { isMacvlan } from './macvlan.ts';
import { hasNames, nameRulesStep } from './name-plan.ts';
import type { Endpoint } from './types.ts';

const ENODEV = 19;

export function joinSteps(table: string, attachment: Attachment, all: readonly Endpoint[]): Step[] {
  const { endpoint, network } = attachment;
  return [
    cableStep(attachment),
    ...firewallSteps(table, attachment),
    ...familySteps(endpoint),
    {
      stage: 'inside',
      op: netlink([...interfaceMessages(endpoint), ...defaultRoutes(all, true)]),
      why: `${endpoint.interface} comes up in the running container`,
    },
    ...(hasNames(network) ? [nameRulesStep()] : []),
    ...linkSteps(endpoint),
    ...(isMacvlan(network)
      ? []
      : [
          {
            stage: 'teardown' as const,
            op: netlink([deleteLink(endpoint.hostInterface)], [ENODEV]),
            why: 'a cable that does not get as far is taken away',
          },
        ]),
    ...unguardSteps(table, endpoint, attachment.guarded).map(
      (step): Step => ({ ...step, stage: 'teardown' }),
    ),
  ];
}

/** The rest of the container's interfaces stay as they are, but one of them may have to give the way out. */
export function leaveSteps(
  table: string,
  endpoint: Endpoint,
  rest: readonly Endpoint[],
  guarded: Guarded,
): Step[] {
  const routes = defaultRoutes(rest, true);
  return [
    ...leaveElements(table, endpoint),
    uncableStep(endpoint),
    ...unguardSteps(table, endpoint, guarded),
    ...(routes.length === 0
      ? []
      : [
          {
            stage: 'inside' as const,
            op: netlink(routes),
            why: 'the way out leads through another network',
          },
        ]),
  ];
}

function uncableStep(endpoint: Endpoint): Step {
  const { hostInterface, interface: name, networkName } = endpoint;
  const direct = isMacvlan(endpoint);
  return {
    stage: direct ? 'inside' : 'host',
    op: netlink([deleteLink(direct ? name : hostInterface)], [ENODEV]),
    why: `the cable to network ${networkName} goes${direct ? '' : ', with both its ends'}`,
  };
}

/** A container of IPv4 networks has IPv6 switched off for whatever comes later, too. */
function familySteps(endpoint: Endpoint): Step[] {
  if (!hasIpv6()) return [];
  const six = endpoint.address6 !== '';
  const settings: [string, string][] = six
    ? [
        [`${endpoint.interface}/disable_ipv6`, '0'],
        [`${endpoint.interface}/accept_ra`, '0'],
      ]
    : [[`${endpoint.interface}/disable_ipv6`, '1']];
  return settings.map(([key, value]) => {
    const op: Op = { op: 'sysctl', key: `net/ipv6/conf/${key}`, value };
    return { stage: 'inside', op, why: 'the address families are those of the network' };
  });
}
