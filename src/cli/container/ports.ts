/** `--publish [address:][host port:]container port[/protocol]` and `--expose`, with ranges. */

import type { PortBinding } from '../../spec/docker.ts';
import { splitCommas } from '../flags/spec.ts';
import { ValueError } from '../values/number.ts';
import { isIP } from './address.ts';

export interface PortsRequest {
  /** Keys `80/tcp`. */
  exposed: Record<string, Record<string, never>>;
  bindings: Record<string, PortBinding[]>;
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);

interface Range {
  first: number;
  last: number;
}

export function parsePorts(publish: readonly string[], expose: readonly string[]): PortsRequest {
  const request: PortsRequest = { exposed: {}, bindings: {} };
  for (const text of publish) {
    for (const { port, binding } of parsePublish(text)) {
      request.exposed[port] = {};
      request.bindings[port] = [...(request.bindings[port] ?? []), binding];
    }
  }
  for (const text of expose) for (const port of parseExpose(text)) request.exposed[port] = {};
  return request;
}

/** One entry per container port. */
export function parsePublish(text: string): { port: string; binding: PortBinding }[] {
  const spec = text.includes('=') ? fromPairs(text) : text;
  const { address, host, container, protocol } = splitSpec(spec);
  if (container === '') throw new ValueError(`no port specified: ${spec}<empty>`);
  const target = readRange(container, 'containerPort');
  const published = host === '' ? undefined : readRange(host, 'hostPort');
  const sameLength = published === undefined || span(published) === span(target);
  // A range of host ports for one container port lets the engine choose.
  if (!sameLength && span(target) !== 0) {
    throw new ValueError(
      `invalid ranges specified for container and host Ports: ${container} and ${host}`,
    );
  }
  const ports: { port: string; binding: PortBinding }[] = [];
  for (let offset = 0; offset <= span(target); offset += 1) {
    const hostPort = published === undefined ? '' : hostPortText(published, offset, sameLength);
    const port = `${target.first + offset}/${protocol}`;
    ports.push({ port, binding: { HostIp: address, HostPort: hostPort } });
  }
  return ports;
}

function parseExpose(text: string): string[] {
  if (text.includes(':')) throw new ValueError(`invalid port format for --expose: ${text}`);
  const { container, protocol } = splitSpec(text);
  let range: Range;
  try {
    range = readRange(container, 'port');
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw new ValueError(`invalid range format for --expose: ${text}, error: ${reason}`);
  }
  const ports: string[] = [];
  for (let port = range.first; port <= range.last; port += 1) ports.push(`${port}/${protocol}`);
  return ports;
}

function splitSpec(text: string): {
  address: string;
  host: string;
  container: string;
  protocol: string;
} {
  const slash = text.lastIndexOf('/');
  const protocol = slash < 0 ? 'tcp' : text.slice(slash + 1).toLowerCase();
  if (!PROTOCOLS.has(protocol)) throw new ValueError(`invalid proto: ${protocol}`);
  const rest = slash < 0 ? text : text.slice(0, slash);
  const lastColon = rest.lastIndexOf(':');
  const container = rest.slice(lastColon + 1);
  const before = rest.slice(0, Math.max(lastColon, 0));
  const hostColon = before.lastIndexOf(':');
  const host = before.slice(hostColon + 1);
  const rawAddress = before.slice(0, Math.max(hostColon, 0));
  const address = rawAddress.replace(/^\[(.*)\]$/, '$1');
  if (address !== '' && !isIP(address)) throw new ValueError(`invalid IP address: ${rawAddress}`);
  return { address, host, container, protocol };
}

function readRange(text: string, what: string): Range {
  const [first = '', last = first, ...more] = text.split('-');
  const invalid = new ValueError(
    what === 'port' ? `invalid range specified for port: ${text}` : `invalid ${what}: ${text}`,
  );
  if (more.length > 0) throw invalid;
  const range = { first: readPort(first, invalid), last: readPort(last, invalid) };
  if (range.last < range.first) throw invalid;
  return range;
}

function readPort(text: string, invalid: ValueError): number {
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65535) throw invalid;
  return Number(text);
}

function span(range: Range): number {
  return range.last - range.first;
}

function hostPortText(published: Range, offset: number, sameLength: boolean): string {
  if (sameLength) return String(published.first + offset);
  return `${published.first}-${published.last}`;
}

/** `published=8080,target=80,protocol=udp` as the short notation. */
function fromPairs(text: string): string {
  const pairs = new Map(
    splitCommas(text).map((field): [string, string] => {
      const equals = field.indexOf('=');
      if (equals <= 0)
        throw new ValueError(`invalid field format. expected key=value, got: ${field}`);
      return [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
    }),
  );
  for (const key of pairs.keys()) {
    if (!['target', 'published', 'protocol', 'mode'].includes(key)) {
      throw new ValueError(`invalid field ${key}`);
    }
  }
  const { target = '', published = '', protocol = 'tcp' } = Object.fromEntries(pairs);
  return published === '' ? `${target}/${protocol}` : `${published}:${target}/${protocol}`;
}
