/** Texts of /etc/hosts, /etc/resolv.conf and /etc/hostname of a container: pure functions. */

import { type IpAddress, parseIp } from '../spec/ip.ts';
import type { Endpoint } from './types.ts';

export interface ResolverOptions {
  /** `--dns`, `--dns-search`, `--dns-option`: each replaces the host's. */
  servers?: readonly string[];
  search?: readonly string[];
  options?: readonly string[];
  /** The host's /etc/resolv.conf. */
  host: string;
  /** The host's /run/systemd/resolve/resolv.conf: the servers behind systemd-resolved's local one. */
  resolved?: string;
  /** The container shares the host's network: its loopback servers are in reach. */
  hostNetwork?: boolean;
}

/** Where the host names no server that a container can reach; Docker's choice, too. */
const FALLBACK_SERVERS = ['8.8.8.8', '8.8.4.4'];

/** Local names that every machine has. */
const LOCAL_NAMES = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** resolv.conf(5) for a container. */
export function resolvConf(options: ResolverOptions): string {
  const local = options.hostNetwork === true;
  const ofHost = parseResolver(options.host);
  const behind = parseResolver(options.resolved ?? '');
  const reachable = (servers: readonly string[]) =>
    servers.filter((server) => local || !isLoopback(server));
  // systemd-resolved listens on the host's loopback only; its own file has the real servers.
  const hidden = !local && ofHost.servers.length > 0 && reachable(ofHost.servers).length === 0;
  const host = hidden && reachable(behind.servers).length > 0 ? behind : ofHost;
  const inherited = reachable(host.servers);
  const servers = pick(options.servers, inherited.length > 0 ? inherited : FALLBACK_SERVERS);
  const search = pick(options.search, host.search).filter((domain) => domain !== '.');
  const extra = pick(options.options, host.options);
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(extra.length > 0 ? [`options ${extra.join(' ')}`] : []),
    '',
  ].join('\n');
}

/** hosts(5): local names, `--add-host` entries (`name:address`, checked by whoever took them), the container itself. */
export function hostsFile(
  hostname: string,
  endpoints: readonly Pick<Endpoint, 'address' | 'address6'>[],
  extra: readonly { name: string; address: string }[] = [],
  domain = '',
): string {
  const short = shortName(hostname);
  const names = [
    ...(domain === '' ? [] : [`${hostname}.${domain}`]),
    hostname,
    ...(short === hostname ? [] : [short]),
  ];
  const own = endpoints
    .flatMap(({ address, address6 }) => [address, address6])
    .filter((address) => address !== '')
    .map((address) => `${address}\t${names.join(' ')}\n`);
  const added = extra.map(({ name, address }) => `${address}\t${name}\n`);
  return [LOCAL_NAMES, ...added, ...own].join('');
}

export function hostnameFile(hostname: string): string {
  return `${hostname}\n`;
}

function parseResolver(text: string): { servers: string[]; search: string[]; options: string[] } {
  const found = { servers: [] as string[], search: [] as string[], options: [] as string[] };
  for (const line of text.split('\n')) {
    const [word, ...values] = (line.split(/[#;]/, 1)[0] ?? '').trim().split(/\s+/);
    if (word === 'nameserver') found.servers.push(...values.slice(0, 1).filter(isServer));
    // The last of several lines counts (resolv.conf(5)).
    if (word === 'search' || word === 'domain') found.search = values;
    if (word === 'options') found.options.push(...values);
  }
  return found;
}

function isServer(text: string): boolean {
  return address(text) !== undefined;
}

function isLoopback(text: string): boolean {
  const ip = address(text);
  if (ip === undefined) return false;
  return ip.family === 4 ? ip.value >> 24n === 127n : ip.value === 1n;
}

/** A zone such as `%eth0` names an interface of the host: the address is link-local and of no use inside. */
function address(text: string): IpAddress | undefined {
  return parseIp(text);
}

function pick(
  given: readonly string[] | undefined,
  inherited: readonly string[],
): readonly string[] {
  return given !== undefined && given.length > 0 ? given : inherited;
}

function shortName(hostname: string): string {
  const dot = hostname.indexOf('.');
  return dot > 0 ? hostname.slice(0, dot) : hostname;
}
