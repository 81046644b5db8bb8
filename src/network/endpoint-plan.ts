/** What a container's launch does for its places in networks, and undoes when the container ends. */

import { hasIpv6 } from '../host/network-facts.ts';
import {
  addAddress,
  addRoute,
  createVeth,
  type NetlinkMessage,
  setLink,
} from '../netlink/index.ts';
import { forgetConnections, NETLINK_NETFILTER } from '../nftables/index.ts';
import type { Op, Stage, Step } from '../plan/ops.ts';
import { ipBytes, parseIp } from '../spec/ip.ts';
import { parseMac } from './addresses.ts';
import { guardElements } from './firewall.ts';
import { chooseGateway } from './gateway.ts';
import { type Guarded, guardedElements, unguardSteps } from './guard-plan.ts';
import { elementsOp, endpointElements, netlink, portSettings } from './host-plan.ts';
import { isMacvlan, macvlanStep } from './macvlan.ts';
import { nameSteps } from './name-plan.ts';
import type { Endpoint, Network, PortBinding } from './types.ts';

/** Where an endpoint goes. */
export interface Attachment {
  endpoint: Endpoint;
  network: Network;
  /** Interface index of the network's bridge. */
  bridge: number;
  guarded: Guarded;
}

const ENOENT = 2;
const ENODEV = 19;
const EINVAL = 22;
const ANY = { family: 4, value: 0n } as const;
const PROTOCOL = { tcp: 6, udp: 17, sctp: 132 } as const;
const LOOPBACK = 1;
/** Far more than the kernel takes; somebody who switches the bridge off meanwhile must not keep a container from starting. */
const LINK_MS = 2000;
const FIRST_INSIDE_INDEX = 16;

/** Gives a new network namespace its loop-back; all there is to do without a network. */
export function loopbackSteps(): Step[] {
  return [step('inside', netlink([setLink({ index: LOOPBACK, up: true })]), 'loop-back')];
}

export function attachmentSteps(table: string, attachments: readonly Attachment[]): Step[] {
  if (attachments.length === 0) return loopbackSteps();
  return [
    ...attachments.flatMap(({ endpoint }) => reserveSteps(endpoint)),
    ...attachments.map(cableStep),
    ...attachments.flatMap((attachment) => firewallSteps(table, attachment)),
    ...familySteps(attachments.map(({ endpoint }) => endpoint)),
    insideStep(attachments.map(({ endpoint }) => endpoint)),
    ...attachments.flatMap(({ endpoint }) => linkSteps(endpoint)),
    ...nameSteps(attachments.map(({ network }) => network)),
    ...attachments.flatMap(({ endpoint, guarded }) => teardownSteps(table, endpoint, guarded)),
  ];
}

/**
 * Teardown does not delete the veth pair: that waits 12 to 50 ms for a grace period of the kernel, and the pair goes with
 * the container's namespace anyway. It leaves the bridge at once, so that nobody can be reached through it any more.
 */
export function teardownSteps(table: string, endpoint: Endpoint, guarded: Guarded): Step[] {
  const { hostInterface, networkName } = endpoint;
  if (isMacvlan(endpoint)) return [];
  const leave = setLink({ name: hostInterface, master: 0, up: false });
  const onTeardown = (one: Step): Step => ({ ...one, stage: 'teardown' });
  return [
    ...leaveElements(table, endpoint).map(onTeardown),
    step('teardown', netlink([leave], [ENODEV]), `${hostInterface} leaves network ${networkName}`),
    ...unguardSteps(table, endpoint, guarded).map(onTeardown),
  ];
}

/** Host steps: no published port leads to the endpoint any more. */
export function leaveElements(table: string, endpoint: Endpoint): Step[] {
  const elements = endpointElements(endpoint);
  if (elements.length === 0) return [];
  const op = elementsOp(table, elements, 'delete');
  return [step('host', op, `${portList(endpoint)} no longer published`)];
}

/** Beside steps: published ports lead to an endpoint that is there already. */
export function portSteps(table: string, endpoint: Endpoint, network: Network): Step[] {
  const { hostInterface } = endpoint;
  const hairpin = setLink({ name: hostInterface, hairpin: true });
  return [
    step('beside', netlink([hairpin], [ENODEV]), 'a published port may lead back to its caller'),
    ...firewallSteps(table, { endpoint, network, guarded: undefined }),
  ];
}

function reserveSteps(endpoint: Endpoint): Step[] {
  return endpoint.ports.map(({ protocol, hostAddress, hostPort }) =>
    step(
      'host',
      { op: 'reserve-port', protocol: PROTOCOL[protocol], address: hostAddress, port: hostPort },
      `${hostAddress}:${hostPort}/${protocol} is taken as long as the container runs`,
    ),
  );
}

/** What connects a container with a network. */
export function cableStep(attachment: Attachment): Step {
  const { endpoint, network } = attachment;
  if (isMacvlan(network)) return macvlanStep(endpoint, network, insideIndex(endpoint));
  return vethStep(attachment);
}

/**
 * The peer is born inside, with its name; nothing is moved, which would cost a grace period.
 * It must not be up yet: the kernel refuses that while the host end does not exist.
 */
function vethStep({ endpoint, network, bridge }: Attachment): Step {
  const { mtu } = network;
  const { hostInterface, hostIndex, networkName, address, address6 } = endpoint;
  const peer = {
    name: endpoint.interface,
    index: insideIndex(endpoint),
    mac: parseMac(endpoint.mac) ?? new Uint8Array(6),
    mtu,
    up: false,
  };
  const messages = [
    createVeth({ name: hostInterface, index: hostIndex, mtu, master: bridge, up: false, peer }),
    setLink({
      index: hostIndex,
      withoutLinkLocal: true,
      ...portSettings(network, endpoint.ports),
    }),
  ];
  const addresses = [address, address6].filter(Boolean).join(' and ');
  const why = `a cable from network ${networkName} (${hostInterface}) to ${endpoint.interface}, for ${addresses}`;
  return step('beside', netlink(messages), why);
}

/** Packets pass in both directions from the first one on. */
export function linkSteps(endpoint: Endpoint): Step[] {
  const { hostInterface, interface: name, networkName } = endpoint;
  // What the wire of a host's link does is not for a start to wait for.
  if (isMacvlan(endpoint)) return [];
  const wait = (link: string): Op => ({ op: 'await-link', name: link, milliseconds: LINK_MS });
  return [
    step('beside', wait(hostInterface), `network ${networkName} passes packets`),
    step('inside', wait(name), `${name} is seen to be up`),
  ];
}

/**
 * The network's own elements are there already. To add them again costs little and fails with ENOENT when somebody has
 * flushed the firewall: no container starts without it.
 */
export function firewallSteps(
  table: string,
  { endpoint, network, guarded }: Pick<Attachment, 'endpoint' | 'network' | 'guarded'>,
): Step[] {
  if (isMacvlan(network)) return [];
  const elements = [
    ...guardElements(network),
    ...endpointElements(endpoint),
    ...guardedElements(endpoint, guarded),
  ];
  const why =
    endpoint.ports.length === 0
      ? `the firewall knows network ${network.name}`
      : `publishes ${portList(endpoint)}`;
  return [
    step('beside', elementsOp(table, elements, 'add'), why),
    ...endpoint.ports.filter(({ protocol }) => protocol === 'udp').map(forgetStep),
  ];
}

/**
 * A sender that goes on sending keeps a connection alive that was translated for an earlier container, or not at all.
 * TCP has ends and needs none of this. EINVAL and ENOENT are the answers of a kernel that cannot.
 */
function forgetStep({ hostAddress, hostPort }: PortBinding): Step {
  const address = ipBytes(parseIp(hostAddress) ?? ANY);
  const message = forgetConnections({ protocol: PROTOCOL.udp, port: hostPort, address });
  const op: Op = {
    op: 'netlink',
    protocol: NETLINK_NETFILTER,
    message,
    pidOffsets: [],
    ignore: [ENOENT, EINVAL],
  };
  return step(
    'beside',
    op,
    `senders to ${hostAddress}:${hostPort}/udp reach this container from now on`,
  );
}

/** Before the interfaces are up: a router advertisement from another container must find no listener (CVE-2020-13401). */
function familySteps(endpoints: readonly Endpoint[]): Step[] {
  if (!hasIpv6()) return [];
  if (endpoints.every(({ address6 }) => address6 === '')) {
    const op: Op = { op: 'sysctl', key: 'net/ipv6/conf/all/disable_ipv6', value: '1' };
    return [step('inside', op, 'its networks have IPv4 only')];
  }
  return endpoints.map((endpoint) => {
    const v6 = endpoint.address6 !== '';
    const key = `net/ipv6/conf/${endpoint.interface}/${v6 ? 'accept_ra' : 'disable_ipv6'}`;
    const why = v6
      ? 'routes come from the engine alone'
      : `network ${endpoint.networkName} has IPv4 only`;
    return step('inside', { op: 'sysctl', key, value: v6 ? '0' : '1' }, why);
  });
}

function insideStep(endpoints: readonly Endpoint[]): Step {
  const messages: NetlinkMessage[] = [setLink({ index: LOOPBACK, up: true })];
  for (const endpoint of endpoints) messages.push(...interfaceMessages(endpoint));
  messages.push(...defaultRoutes(endpoints, false));
  const addresses = endpoints.flatMap(({ address, prefix }) =>
    address ? [`${address}/${prefix}`] : [],
  );
  const gateway = chooseGateway(endpoints.filter((one) => one.gateway !== ''))?.gateway;
  const way = gateway === undefined ? 'no way out' : `default route by ${gateway}`;
  return step('inside', netlink(messages), `loop-back, ${addresses.join(', ')}, ${way}`);
}

/** The interface up, with its addresses. */
export function interfaceMessages(endpoint: Endpoint): NetlinkMessage[] {
  const index = insideIndex(endpoint);
  const { linkLocal = [] } = endpoint;
  const addresses: [string, number][] = [
    [endpoint.address, endpoint.prefix],
    [endpoint.address6, endpoint.prefix6],
    ...linkLocal.map((text): [string, number] => [text, text.includes(':') ? 64 : 16]),
  ];
  return [
    setLink({ index, up: true }),
    ...addresses.flatMap(([text, prefix]) => {
      const address = parseIp(text);
      return address ? [addAddress({ index, address: ipBytes(address), prefix })] : [];
    }),
  ];
}

/** By the network that is chosen for it; one for each address family. */
export function defaultRoutes(endpoints: readonly Endpoint[], replace: boolean): NetlinkMessage[] {
  return (['gateway', 'gateway6'] as const).flatMap((key) => {
    const endpoint = chooseGateway(endpoints.filter((one) => one[key] !== ''));
    const gateway = endpoint && parseIp(endpoint[key]);
    if (endpoint === undefined || gateway === undefined) return [];
    return [addRoute({ index: insideIndex(endpoint), gateway: ipBytes(gateway), replace })];
  });
}

function insideIndex(endpoint: Endpoint): number {
  return endpoint.insideIndex ?? FIRST_INSIDE_INDEX + endpoint.position;
}

function portList(endpoint: Endpoint): string {
  return endpoint.ports
    .map((port) => `${port.hostAddress}:${port.hostPort}->${port.containerPort}/${port.protocol}`)
    .join(', ');
}

function step(stage: Stage, op: Op, why: string): Step {
  return { stage, op, why };
}
