/** The filters of `search`. */

import { TiffinError } from '../../base/errors.ts';
import type { Filters } from '../../spec/docker.ts';
import type { SearchResult } from '../contract.ts';

/** Whether a filter leaves the result out. Throws `invalid` for an unknown one. */
export function lacksWord(result: SearchResult, filters: Filters): boolean {
  return [...filters].some(([name, values]) => {
    const [value = ''] = values;
    switch (name) {
      case 'stars':
        return result.star_count < Number(value);
      case 'is-official':
        return result.is_official !== (value === 'true');
      case 'is-automated':
        return result.is_automated !== (value === 'true');
      default:
        throw new TiffinError('invalid', 'bad-filter', `invalid filter '${name}'`);
    }
  });
}
