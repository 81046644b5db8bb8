/** `ps --filter`. */

import { TiffinError } from '../../base/errors.ts';
import type { Filters } from '../../spec/docker.ts';
import { anyOf, checkFilters, matchesLabels } from '../filters.ts';
import { parsePortKey } from '../networks/ports.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import { portList } from './network-view.ts';
import { statusOf } from './state-view.ts';

type Test = (container: Container) => boolean;

const NAMES = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];
const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const HEALTHS = ['starting', 'healthy', 'unhealthy', 'none'];

/** Throws `invalid` for filters and values that do not exist. */
export function containerFilter(parts: Parts, filters: Filters): Test {
  checkFilters(filters, NAMES);
  checkValues('status', filters, STATUSES);
  checkValues('health', filters, HEALTHS);
  checkNumbers('exited', filters);
  const tests: Test[] = [
    (container) => anyOf(filters.get('id'), (value) => container.id.startsWith(value)),
    (container) => anyOf(filters.get('name'), (value) => hasName(container, value)),
    (container) => anyOf(filters.get('status'), (value) => statusOf(container) === value),
    (container) => anyOf(filters.get('exited'), (value) => exitedWith(container, value)),
    (container) => matchesLabels(container.definition.config.Labels, filters.get('label')),
    (container) => anyOf(filters.get('health'), (value) => healthOf(container) === value),
    (container) => anyOf(filters.get('volume'), (value) => mounts(container, value)),
    (container) => anyOf(filters.get('network'), (value) => isIn(parts, container, value)),
    (container) => anyOf(filters.get('expose'), (value) => exposes(container, value)),
    (container) => anyOf(filters.get('publish'), (value) => publishes(parts, container, value)),
    () => anyOf(filters.get('is-task'), (value) => value !== 'true'),
    ...ancestors(parts, filters),
    ...positions(parts, filters),
  ];
  return (container) => tests.every((test) => test(container));
}

function checkValues(name: string, filters: Filters, known: readonly string[]): void {
  for (const value of filters.get(name) ?? []) {
    if (known.includes(value)) continue;
    const message = `invalid filter '${name}=${value.slice(0, 64)}'`;
    throw new TiffinError('invalid', 'bad-filter', message);
  }
}

function checkNumbers(name: string, filters: Filters): void {
  const bad = (filters.get(name) ?? []).find((value) => !/^-?[0-9]{1,10}$/.test(value));
  if (bad === undefined) return;
  const message = `invalid filter '${name}=${bad.slice(0, 64)}'`;
  throw new TiffinError('invalid', 'bad-filter', message);
}

/** Docker reads names as patterns; only their anchors are, everything else is taken literally. */
function hasName(container: Container, value: string): boolean {
  const start = value.startsWith('^');
  const end = value.endsWith('$');
  const text = value.slice(start ? 1 : 0, end ? -1 : undefined);
  const plain = text.startsWith('/') ? text.slice(1) : text;
  if (start && end) return container.name === plain;
  if (start) return container.name.startsWith(plain);
  return end ? container.name.endsWith(plain) : container.name.includes(plain);
}

function exitedWith(container: Container, value: string): boolean {
  return statusOf(container) === 'exited' && String(container.state.exitCode) === value;
}

function healthOf(container: Container): string {
  return container.health?.view().Status ?? 'none';
}

function mounts(container: Container, value: string): boolean {
  return container.definition.mounts.some(
    (mount) => mount.name === value || mount.source === value || mount.destination === value,
  );
}

function isIn(parts: Parts, container: Container, value: string): boolean {
  const { NetworkMode } = container.definition.hostConfig;
  if (NetworkMode === value) return true;
  return parts.networks
    .endpointsOf(container.id)
    .some((endpoint) => endpoint.networkName === value || endpoint.networkId.startsWith(value));
}

function exposes(container: Container, value: string): boolean {
  const { protocol, port } = parsePortKey(value);
  return Object.hasOwn(container.definition.config.ExposedPorts, `${port}/${protocol}`);
}

/** By the container's port, or by the host's while it runs. */
function publishes(parts: Parts, container: Container, value: string): boolean {
  const { protocol, port } = parsePortKey(value);
  if (Object.hasOwn(container.definition.hostConfig.PortBindings, `${port}/${protocol}`))
    return true;
  return portList(container, parts.networks.endpointsOf(container.id)).some(
    (published) => published.PublicPort === port && published.Type === protocol,
  );
}

/** Containers of an image, or of one that was built on it: all of its layers are at the bottom. */
function ancestors(parts: Parts, filters: Filters): Test[] {
  const wanted = filters.get('ancestor');
  if (wanted === undefined || wanted.length === 0) return [];
  const bases = wanted.map((name) => parts.images.find(name)?.config.diffIds);
  return [
    (container) => {
      const own = parts.images.diffIdsOf(container.definition.imageId);
      return bases.some((base) => base?.every((diffId, at) => own[at] === diffId));
    },
  ];
}

/** Created before or after another container. */
function positions(parts: Parts, filters: Filters): Test[] {
  const order = parts.containers.all();
  const at = (name: string): number => order.indexOf(parts.containers.get(name));
  const befores = (filters.get('before') ?? []).map(at);
  const sinces = (filters.get('since') ?? []).map(at);
  if (befores.length === 0 && sinces.length === 0) return [];
  return [
    (container) => {
      const own = order.indexOf(container);
      return befores.every((other) => own < other) && sinces.every((other) => own > other);
    },
  ];
}
