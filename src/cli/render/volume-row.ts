/** A volume as a row of `volume ls` and `system df -v`. */

import type { Volume } from '../../spec/docker.ts';
import { decimalSize } from '../values/size.ts';
import type { ListFormat, Row } from './list.ts';
import { labelsText } from './words.ts';

export const volumeList: ListFormat = {
  type: 'volume',
  id: 'Name',
  columns: ['Driver', 'Name'],
  headers: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Links: 'LINKS',
    Size: 'SIZE',
    Labels: 'LABELS',
    Availability: 'AVAILABILITY',
    Group: 'GROUP',
    Status: 'STATUS',
  },
};

export function volumeRow(volume: Volume): Row {
  const labels = volume.Labels ?? {};
  const usage = volume.UsageData;
  return {
    Name: volume.Name,
    Driver: volume.Driver,
    Scope: volume.Scope,
    Mountpoint: volume.Mountpoint,
    Links: usage === undefined ? 'N/A' : String(usage.RefCount),
    Size: usage === undefined || usage.Size < 0 ? 'N/A' : decimalSize(usage.Size, 4),
    Labels: labelsText(labels),
    // Of volumes of a swarm, which none here is.
    Availability: 'N/A',
    Group: 'N/A',
    Status: 'N/A',
    Label: (name) => (Object.hasOwn(labels, name) ? (labels[name] ?? '') : ''),
  };
}
