/** A container as a row of `ps`. */

import type { ContainerSummary } from '../../spec/docker.ts';
import { decimalSize } from '../values/size.ts';
import { localTime } from '../values/time.ts';
import type { ListFormat, Row } from './list.ts';
import { displayPorts } from './ports.ts';
import { ago, ellipsis, labelsText, shortId } from './words.ts';

const COMMAND_WIDTH = 20;
const MOUNT_WIDTH = 15;

export const containerList: ListFormat = {
  type: 'container',
  id: 'ID',
  columns: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'],
  headers: {
    ID: 'CONTAINER ID',
    Names: 'NAMES',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Ports: 'PORTS',
    State: 'STATE',
    Status: 'STATUS',
    Size: 'SIZE',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    LocalVolumes: 'LOCAL VOLUMES',
    Networks: 'NETWORKS',
  },
};

export function containerRow(container: ContainerSummary, full: boolean): Row {
  const labels = container.Labels ?? {};
  const mounts = container.Mounts ?? [];
  return {
    ID: full ? container.Id : shortId(container.Id),
    Names: ownNames(container.Names ?? [], full).join(','),
    Image: imageText(container, full),
    Command: JSON.stringify(full ? container.Command : ellipsis(container.Command, COMMAND_WIDTH)),
    CreatedAt: () => localTime(container.Created),
    RunningFor: ago(container.Created),
    Ports: displayPorts(container.Ports ?? []),
    State: container.State,
    Status: container.Status,
    Size: sizeText(container),
    Labels: labelsText(labels),
    Label: (name) => (Object.hasOwn(labels, name) ? (labels[name] ?? '') : ''),
    Mounts: mounts
      .map((mount) => mount.Name || mount.Source)
      .map((name) => (full ? name : ellipsis(name, MOUNT_WIDTH)))
      .join(','),
    LocalVolumes: String(mounts.filter((mount) => mount.Driver === 'local').length),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
  };
}

/** Names of links, `/other/alias`, are not its own. */
function ownNames(names: readonly string[], full: boolean): string[] {
  const plain = names.map((name) => name.replace(/^\//, ''));
  return full ? plain : plain.filter((name) => !name.includes('/'));
}

function imageText(container: ContainerSummary, full: boolean): string {
  if (container.Image === '') return '<no image>';
  const isId = container.Image === container.ImageID || container.Image.startsWith('sha256:');
  return !full && isId ? shortId(container.Image) : container.Image;
}

function sizeText(container: ContainerSummary): string {
  const own = decimalSize(container.SizeRw ?? 0, 3);
  const total = container.SizeRootFs ?? 0;
  return total > 0 ? `${own} (virtual ${decimalSize(total, 3)})` : own;
}
