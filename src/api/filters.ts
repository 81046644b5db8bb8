/** The `filters` parameter: JSON in either of Docker's two forms, `{"label":["a"]}` and `{"label":{"a":true}}`. */

import { TiffinError } from '../base/errors.ts';
import type { Filters } from '../spec/docker.ts';
import type { Query } from './query.ts';

/** The filter names of each list. A name outside its list is refused, as Docker does: a typo must not prune everything. */
export const filterNames = {
  containers:
    'ancestor before exited expose health id isolation is-task label label! name network publish since status volume',
  containerPrune: 'label label! until',
  search: 'is-automated is-official stars',
  images: 'before dangling label label! reference since until',
  imagePrune: 'dangling label label! until',
  volumes: 'dangling driver label label! name',
  volumePrune: 'all label label!',
  buildPrune: 'description id inuse parent private shared type unused-for until',
  networks: 'dangling driver id label label! name scope type',
  networkPrune: 'label label! until',
  events:
    'config container daemon event id image label network node plugin scope secret service type volume',
} as const;

const MAX_VALUES = 10_000;

export function parseFilters(query: Query, accepted: keyof typeof filterNames): Filters {
  const text = query.nonEmpty('filters');
  const filters = new Map<string, readonly string[]>();
  if (text === undefined) return filters;
  const names = new Set(filterNames[accepted].split(' '));
  for (const [name, values] of Object.entries(parseObject(text))) {
    if (!names.has(name)) throw invalid(`invalid filter '${name}'`);
    filters.set(name, parseValues(name, values));
  }
  return filters;
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(`invalid filter: not JSON: ${text.slice(0, 200)}`, cause);
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw invalid('invalid filter: not an object');
  return value;
}

function parseValues(name: string, values: unknown): string[] {
  if (typeof values !== 'object' || values === null) {
    throw invalid(`invalid filter '${name}': neither a list nor an object`);
  }
  const list: unknown[] = Array.isArray(values)
    ? values
    : Object.entries(values).flatMap(([value, on]) => (on === false ? [] : [value]));
  if (list.length > MAX_VALUES) throw invalid(`invalid filter '${name}': too many values`);
  return list.map((value) => {
    if (typeof value !== 'string')
      throw invalid(`invalid filter '${name}': a value is not a string`);
    return value;
  });
}

function invalid(message: string, cause?: unknown): TiffinError {
  return new TiffinError('invalid', 'bad-filter', message, { cause });
}
