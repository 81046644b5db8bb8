/** JSON with integers of any size: JSON.stringify has none beyond 2^53. */

import type { Exact } from '../cgroup/index.ts';

export function exactJson(value: Exact): string {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(exactJson).join(',')}]`;
  const fields = Object.entries(value).map(
    ([name, field]) => `${JSON.stringify(name)}:${exactJson(field)}`,
  );
  return `{${fields.join(',')}}`;
}

function isList(value: Exact): value is readonly Exact[] {
  return Array.isArray(value);
}
