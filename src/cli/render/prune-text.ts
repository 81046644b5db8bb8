/** What a prune removed, by kind. */

import type { BuildPruneReport, PruneReport } from '../../spec/docker.ts';

/** Each kind that lost something, with a blank line after it. */
export function pruneText(report: PruneReport): string {
  const images = (report.ImagesDeleted ?? []).map((item) =>
    item.Untagged === undefined ? `deleted: ${item.Deleted}` : `untagged: ${item.Untagged}`,
  );
  return [
    section('Deleted Containers:', report.ContainersDeleted),
    section('Deleted Networks:', report.NetworksDeleted),
    section('Deleted Volumes:', report.VolumesDeleted),
    section('Deleted Images:', images),
  ].join('');
}

/** The same for the cache of builds. */
export function cachePruneText({ CachesDeleted }: BuildPruneReport): string {
  return section('Deleted build cache objects:', CachesDeleted);
}

function section(title: string, lines: readonly string[] | null | undefined): string {
  return lines === undefined || lines === null || lines.length === 0
    ? ''
    : `${title}\n${lines.join('\n')}\n\n`;
}
