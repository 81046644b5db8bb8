/** `tiffin system df`. */

import type { SystemDf } from '../../spec/docker.ts';
import { CliError, type Command } from '../command.ts';
import { buildCacheList, buildCacheRow } from '../render/build-cache-row.ts';
import { containerList, containerRow } from '../render/container-row.ts';
import { imageList, imageRows } from '../render/image-row.ts';
import { formatFlag, type ListFormat, printList, type Row, renderList } from '../render/list.ts';
import { volumeList, volumeRow } from '../render/volume-row.ts';
import { decimalSize } from '../values/size.ts';

const usageList: ListFormat = {
  type: 'usage',
  id: 'Type',
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
  headers: {
    Type: 'TYPE',
    TotalCount: 'TOTAL',
    Active: 'ACTIVE',
    Size: 'SIZE',
    Reclaimable: 'RECLAIMABLE',
  },
};

export const systemDf: Command = {
  usage: '[OPTIONS]',
  summary: 'Show disk usage',
  flags: [
    formatFlag,
    { name: 'verbose', short: 'v', kind: 'bool', help: 'Show detailed information on space usage' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const format = flags.text('format');
    const verbose = flags.bool('verbose');
    if (verbose && format !== '') throw new CliError('the verbose and the format options conflict');
    const usage = await client.json<SystemDf>('GET', '/system/df');
    if (verbose) out.print(verboseText(usage));
    else printList(usageList, usageRows(usage), { format, out });
    return 0;
  },
};

function usageRows(usage: SystemDf): Row[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const usedImages = images.filter((image) => image.Containers > 0);
  const busy = containers.filter((container) => /running|paused|restarting/.test(container.State));
  const usedVolumes = volumes.filter((volume) => (volume.UsageData?.RefCount ?? 0) > 0);
  const sum = <T>(items: readonly T[], size: (item: T) => number) =>
    items.reduce((total, item) => total + Math.max(0, size(item)), 0);
  const own = (one: (typeof containers)[number]) => one.SizeRw ?? 0;
  const volumeSize = (one: (typeof volumes)[number]) => one.UsageData?.Size ?? 0;
  const unshared = sum(usedImages, (image) => image.Size - Math.max(0, image.SharedSize));
  return [
    row(
      'Images',
      images.length,
      usedImages.length,
      usage.LayersSize,
      Math.max(0, usage.LayersSize - unshared),
    ),
    row(
      'Containers',
      containers.length,
      busy.length,
      sum(containers, own),
      sum(containers, own) - sum(busy, own),
    ),
    row(
      'Local Volumes',
      volumes.length,
      usedVolumes.length,
      sum(volumes, volumeSize),
      sum(volumes, volumeSize) - sum(usedVolumes, volumeSize),
    ),
    cacheRow(usage.BuildCache ?? []),
  ];
}

/** What images share is counted with them. */
function cacheRow(records: SystemDf['BuildCache']): Row {
  const own = records.filter(({ Shared }) => !Shared);
  const busy = records.filter(({ InUse }) => InUse);
  const size = ownSize(records);
  const free = own.reduce((sum, { Size, InUse }) => sum + (InUse ? 0 : Size), 0);
  const made = row('Build Cache', records.length, busy.length, size, free);
  return { ...made, Reclaimable: decimalSize(free) };
}

function ownSize(records: SystemDf['BuildCache']): number {
  return records.reduce((sum, { Shared, Size }) => sum + (Shared ? 0 : Size), 0);
}

function row(type: string, total: number, active: number, size: number, reclaimable: number): Row {
  const share = size > 0 ? ` (${Math.floor((reclaimable * 100) / size)}%)` : '';
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: decimalSize(size),
    Reclaimable: `${decimalSize(reclaimable)}${share}`,
  };
}

const IMAGE_COLUMNS = [
  'Repository',
  'Tag',
  'ID',
  'CreatedSince',
  'Size',
  'SharedSize',
  'UniqueSize',
  'Containers',
];
const CONTAINER_COLUMNS = [
  'ID',
  'Image',
  'Command',
  'LocalVolumes',
  'Size',
  'RunningFor',
  'Status',
  'Names',
];

function verboseText(usage: SystemDf): string {
  // The names of an image share what it takes.
  const images = (usage.Images ?? []).flatMap((image) =>
    imageRows(image, { full: false, digests: false }).slice(0, 1),
  );
  const records = (usage.BuildCache ?? []).toSorted((a, b) =>
    (a.LastUsedAt ?? '') < (b.LastUsedAt ?? '') ? 1 : -1,
  );
  const containers = (usage.Containers ?? []).map((container) =>
    containerRow({ ...container, SizeRootFs: 0 }, false),
  );
  const volumes = (usage.Volumes ?? []).map(volumeRow);
  const table = (list: ListFormat, columns: readonly string[], rows: readonly Row[]) =>
    renderList({ ...list, columns }, rows, 'table', false);
  return [
    'Images space usage:\n\n',
    table(imageList, IMAGE_COLUMNS, images),
    '\nContainers space usage:\n\n',
    table(containerList, CONTAINER_COLUMNS, containers),
    '\nLocal Volumes space usage:\n\n',
    table(volumeList, ['Name', 'Links', 'Size'], volumes),
    `\nBuild cache usage: ${decimalSize(ownSize(records))}\n\n`,
    table(buildCacheList, buildCacheList.columns, records.map(buildCacheRow)),
  ].join('');
}
