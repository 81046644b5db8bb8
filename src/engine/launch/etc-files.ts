/** /etc/hosts, /etc/hostname and /etc/resolv.conf of a container: files of the engine, bound over the image's. */

import { readFileSync, writeFileSync } from 'node:fs';
import {
  type Endpoint,
  hasNames,
  hostnameFile,
  hostsFile,
  type ResolverOptions,
  resolvConf,
} from '../../network/index.ts';
import type { Container } from '../containers/container.ts';
import type { Definition } from '../containers/record.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import type { EtcFiles } from '../spec/mounts.ts';
import { linkedNames } from './peers.ts';

const HOST_GATEWAY = 'host-gateway';
/** Readable by every user inside; their directory is closed to users outside. */
const MODE = { mode: 0o644 };

/** Which files a container sees: its own, or those of the container whose network it shares. */
export function etcFiles(parts: Parts, definition: Definition): EtcFiles {
  const owner = networkOwner(definition);
  const { hosts, hostname, resolvConf: resolv } = containerPaths(parts.paths, owner);
  return { hosts, hostname, resolvConf: resolv };
}

/** Written before each start: addresses change from run to run. */
export function writeEtcFiles(
  parts: Parts,
  container: Container,
  endpoints: readonly Endpoint[],
): void {
  const { definition } = container;
  if (networkOwner(definition) !== definition.id) return;
  const paths = containerPaths(parts.paths, definition.id);
  writeFileSync(paths.hostname, hostnameFile(definition.config.Hostname), MODE);
  writeResolver(parts, container, endpoints);
  writeHosts(parts, container, endpoints);
}

/** In place, like the hosts file: a container that runs may join its first network with names. */
export function writeResolver(
  parts: Parts,
  { definition }: Container,
  endpoints: readonly Endpoint[],
): void {
  const { resolvConf: path } = containerPaths(parts.paths, definition.id);
  const named = endpoints.some(isNamed);
  writeFileSync(path, resolvConf({ ...resolverOptions(parts, definition), named }), MODE);
}

function isNamed({ driver, networkName }: Endpoint): boolean {
  return hasNames({ driver, name: networkName });
}

/** In place, as the running container has this very file mounted. */
export function writeHosts(
  parts: Parts,
  container: Container,
  endpoints: readonly Endpoint[],
): void {
  const { definition } = container;
  const paths = containerPaths(parts.paths, definition.id);
  writeFileSync(paths.hosts, hostsText(parts, definition, endpoints), MODE);
}

function networkOwner({ id, hostConfig }: Definition): string {
  const prefix = 'container:';
  return hostConfig.NetworkMode.startsWith(prefix)
    ? hostConfig.NetworkMode.slice(prefix.length)
    : id;
}

function hostsText(parts: Parts, definition: Definition, endpoints: readonly Endpoint[]): string {
  const { hostConfig, config } = definition;
  const gateway = endpoints.find((endpoint) => endpoint.gateway !== '')?.gateway ?? '127.0.0.1';
  const added = hostConfig.ExtraHosts.map((text) => withGateway(text, gateway));
  // In networks with names a link is a name like any other, and follows its container from address to address.
  const linked = endpoints.some(isNamed) ? [] : linkedNames(parts, hostConfig.Links);
  const peers = linked.map(({ name, address }) => `${name}:${address}`);
  return hostsFile({
    base: hostConfig.NetworkMode === 'host' ? readText('/etc/hosts') : undefined,
    hostname: config.Hostname,
    domainname: config.Domainname,
    endpoints,
    extra: [...added, ...peers],
  });
}

/** `--add-host name:host-gateway`: the host as the container reaches it. */
function withGateway(text: string, gateway: string): string {
  return text.endsWith(`:${HOST_GATEWAY}`)
    ? `${text.slice(0, -HOST_GATEWAY.length)}${gateway}`
    : text;
}

/** What the request, the engine's settings and the host say about name servers. */
export function resolverOptions(parts: Parts, { hostConfig }: Definition): ResolverOptions {
  const { settings } = parts;
  const orElse = (own: readonly string[], all: readonly string[]) => (own.length > 0 ? own : all);
  return {
    host: readText('/etc/resolv.conf'),
    resolved: readText('/run/systemd/resolve/resolv.conf'),
    shared: hostConfig.NetworkMode === 'host',
    servers: orElse(hostConfig.Dns, settings.servers),
    search: orElse(hostConfig.DnsSearch, settings.search),
    options: orElse(hostConfig.DnsOptions, settings.resolverOptions),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
