/** `events --filter`. */

import type { EngineEvent, Filters } from '../../spec/docker.ts';
import { anyOf, checkFilters, matchesLabels } from '../filters.ts';

const NAMES = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
];

/** Throws `invalid` for filters that do not exist. */
export function eventFilter(filters: Filters): (event: EngineEvent) => boolean {
  checkFilters(filters, NAMES);
  return (event) =>
    anyOf(filters.get('type'), (value) => event.Type === value) &&
    anyOf(filters.get('event'), (value) => isAction(event, value)) &&
    anyOf(filters.get('container'), (value) => isAbout(event, 'container', value)) &&
    anyOf(filters.get('image'), (value) => isOfImage(event, value)) &&
    anyOf(filters.get('volume'), (value) => isAbout(event, 'volume', value)) &&
    anyOf(filters.get('network'), (value) => isAbout(event, 'network', value)) &&
    anyOf(filters.get('scope'), (value) => event.scope === value) &&
    matchesLabels(event.Actor.Attributes, filters.get('label'));
}

/** `exec_create` stands for `exec_create: ls -l`, `health_status` for all of its kinds. */
function isAction(event: EngineEvent, value: string): boolean {
  return event.Action === value || event.Action.startsWith(`${value}: `);
}

function isAbout(event: EngineEvent, type: EngineEvent['Type'], value: string): boolean {
  const { ID: id, Attributes: attributes } = event.Actor;
  if (event.Type !== type) return type === 'container' && attributes.container === value;
  return id.startsWith(value) || attributes.name === value;
}

/** Events of the image, and of containers made from it. */
function isOfImage(event: EngineEvent, value: string): boolean {
  const { ID: id, Attributes: attributes } = event.Actor;
  if (event.Type === 'image') return matchesName(attributes.name ?? id, value) || id === value;
  return event.Type === 'container' && matchesName(attributes.image ?? '', value);
}

function matchesName(name: string, value: string): boolean {
  return name === value || name.startsWith(`${value}:`);
}
