/** `--filter name=value`, given several times. */

import type { TranslatedSpelling } from './flags/old-spelling.ts';
import type { FlagSpec } from './flags/spec.ts';
import type { FlagValues } from './flags/values.ts';
import { ValueError } from './values/number.ts';

export const filterFlag: FlagSpec = {
  name: 'filter',
  short: 'f',
  kind: 'list',
  label: 'filter',
  help: 'Filter output based on conditions provided',
  check: checkFilter,
};

/** For commands whose `-f` is `--force`. */
export const pruneFilterFlag: FlagSpec = {
  name: 'filter',
  kind: 'list',
  label: 'filter',
  help: 'Provide filter values (e.g. "until=<timestamp>")',
  check: checkFilter,
};

/** An old flag of its own that is a filter today: `--since x` is `--filter since=x`. */
export function asFilter(word: string, filter: string): TranslatedSpelling {
  return { word, today: (value) => `${filter}=${value}`, instead: `--filter ${filter}=` };
}

function checkFilter(text: string): string {
  if (!text.includes('=')) {
    throw new ValueError('bad format of filter (expected name=value)');
  }
  return text;
}

/** The API's `filters` parameter; undefined without filters. */
export function filtersParameter(
  flags: FlagValues,
  extra: readonly string[] = [],
): string | undefined {
  const filters: Record<string, string[]> = Object.create(null);
  for (const text of [...flags.list('filter'), ...extra]) {
    const equals = text.indexOf('=');
    const name = text.slice(0, equals).trim().toLowerCase();
    filters[name] = [...(filters[name] ?? []), text.slice(equals + 1).trim()];
  }
  return Object.keys(filters).length === 0 ? undefined : JSON.stringify(filters);
}
