/** A record of the build cache as a row of `system df -v`. */

import type { BuildCacheRecord } from '../../spec/docker.ts';
import { decimalSize } from '../values/size.ts';
import type { ListFormat, Row } from './list.ts';
import { ago, shortId } from './words.ts';

export const buildCacheList: ListFormat = {
  type: 'build cache',
  id: 'ID',
  columns: ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared'],
  headers: {
    ID: 'CACHE ID',
    CacheType: 'CACHE TYPE',
    Size: 'SIZE',
    CreatedSince: 'CREATED',
    LastUsedSince: 'LAST USED',
    UsageCount: 'USAGE',
    Shared: 'SHARED',
  },
};

export function buildCacheRow(record: BuildCacheRecord): Row {
  return {
    ID: `${shortId(record.ID)}${record.InUse ? '*' : ''}`,
    CacheType: record.Type,
    Size: decimalSize(record.Size),
    CreatedSince: since(record.CreatedAt),
    LastUsedSince: since(record.LastUsedAt),
    UsageCount: String(record.UsageCount),
    Shared: String(record.Shared),
  };
}

function since(time: string | null): string {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? '' : ago(Math.trunc(ms / 1000));
}
