/**
 * Words of a request that become lines of hosts(5) and resolv.conf(5) or a host name: nothing in them may end the line
 * or begin another one (CVE-2022-4318).
 */

import { TiffinError } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig } from '../../spec/docker.ts';
import { parseIp } from '../../spec/ip.ts';

/** uname(2): what sethostname takes. */
const MAX_HOSTNAME = 64;
const HOST_GATEWAY = 'host-gateway';

/** Throws `invalid`. */
export function validateNames(config: ContainerConfig, host: HostConfig): void {
  if (config.Hostname.length > MAX_HOSTNAME || !isName(config.Hostname)) {
    throw invalid('invalid hostname format', config.Hostname);
  }
  if (!isName(config.Domainname)) throw invalid('invalid domainname format', config.Domainname);
  for (const server of host.Dns) {
    if (parseIp(server) === undefined) throw invalid('invalid DNS server', server);
  }
  for (const word of [...host.DnsSearch, ...host.DnsOptions]) {
    if (!isWord(word)) throw invalid('invalid DNS option', word);
  }
  for (const entry of host.ExtraHosts) validateExtraHost(entry);
}

/** `name:address`, where the address may be the word for the host itself. */
function validateExtraHost(entry: string): void {
  const at = entry.search(/[:=]/);
  const name = entry.slice(0, Math.max(at, 0));
  const address = entry.slice(at + 1);
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  const reachable = address === HOST_GATEWAY || parseIp(bare) !== undefined;
  if (!isWord(name) || !reachable) throw invalid('bad format for add-host', entry);
}

/** Empty, or a name of letters, digits, `-`, `_` and dots. */
function isName(text: string): boolean {
  return text === '' || (text.length <= 253 && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text));
}

function isWord(text: string): boolean {
  return text.length > 0 && text.length <= 1024 && /^[^\s#\p{Cc}]+$/u.test(text);
}

function invalid(what: string, text: string): TiffinError {
  return new TiffinError('invalid', 'bad-name', `${what}: ${JSON.stringify(text.slice(0, 120))}`);
}
