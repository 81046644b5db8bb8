/** Texts of /etc/hosts, /etc/resolv.conf and /etc/hostname of a container: pure functions. */

import { parseIp } from '../spec/ip.ts';
import { NAME_SERVER } from './name-plan.ts';
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
  shared?: boolean;
  /** Its networks have names: it asks its own monitor. */
  named?: boolean;
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
  const { servers, search, extra } = chosen(options);
  const named = options.named === true;
  // A name without a dot is asked as it is first: it may be a container's.
  const asIs = named && !extra.some((option) => option.startsWith('ndots:')) ? ['ndots:0'] : [];
  const all = [...extra, ...asIs];
  const direct = named && !asksOwn(options) ? [] : servers;
  return [
    ...[...(named ? [NAME_SERVER] : []), ...direct].map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(all.length > 0 ? [`options ${all.join(' ')}`] : []),
    '',
  ].join('\n');
}

/** What is asked for names that no container has; from the host, so that its loop-back servers are in reach. */
export function upstreamServers(options: ResolverOptions): readonly string[] {
  return asksOwn(options) ? [] : chosen({ ...options, shared: true }).servers;
}

/** `--dns 127.0.0.1` means a server in the container itself: resolv.conf names it, and all that were asked for, in their order. */
function asksOwn({ servers = [] }: ResolverOptions): boolean {
  return servers.some(isLoopback);
}

function chosen(options: ResolverOptions): {
  servers: readonly string[];
  search: readonly string[];
  extra: readonly string[];
} {
  const local = options.shared === true;
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
  return { servers, search, extra };
}

export interface HostsOptions {
  /** The host's own file, for a container that shares the host's network; else the local names. */
  base?: string | undefined;
  hostname: string;
  domainname?: string;
  endpoints?: readonly Pick<Endpoint, 'address' | 'address6'>[];
  /** `--add-host`: `name:address`; what is neither is left out, as one line more would be another entry. */
  extra?: readonly string[];
}

/** hosts(5) of a container. */
export function hostsFile(options: HostsOptions): string {
  const { base, hostname, domainname = '', endpoints = [], extra = [] } = options;
  const short = shortName(hostname);
  const full = domainname === '' ? [] : [`${hostname}.${domainname}`];
  const names = [...full, hostname, ...(short === hostname ? [] : [short])];
  const own = endpoints
    .flatMap(({ address, address6 }) => [address, address6])
    .filter((address) => address !== '')
    .map((address) => `${address}\t${names.join(' ')}\n`);
  const start = base === undefined ? LOCAL_NAMES : endLine(base);
  return [start, ...extra.map(addedHost), ...own].join('');
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

/** Without a zone such as `%eth0`: that names an interface of the host, which does not exist inside. */
function isServer(text: string): boolean {
  return parseIp(text) !== undefined;
}

function isLoopback(text: string): boolean {
  const ip = parseIp(text);
  if (ip === undefined) return false;
  return ip.family === 4 ? ip.value >> 24n === 127n : ip.value === 1n;
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

/** `name:address` or `name=address`, the address perhaps in brackets. */
function addedHost(text: string): string {
  const at = text.search(/[:=]/);
  const name = text.slice(0, Math.max(at, 0));
  const address = text.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  if (parseIp(address) === undefined || !/^[^\s#]+$/.test(name)) return '';
  return `${address}\t${name}\n`;
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
