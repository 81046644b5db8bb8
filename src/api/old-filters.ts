/** Words of their own in queries of old clients, which are filters today. */

import type { Filters } from '../spec/docker.ts';
import type { Query } from './query.ts';

/** `words`: the parameter's name → the filter's. */
export function withOldWords(
  filters: Filters,
  query: Query,
  words: Readonly<Record<string, string>>,
): Filters {
  const all = new Map(filters);
  for (const [word, filter] of Object.entries(words)) {
    const value = query.nonEmpty(word);
    if (value !== undefined) all.set(filter, [...(all.get(filter) ?? []), value]);
  }
  return all;
}
