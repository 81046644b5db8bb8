/** A network as a row of `network ls`. */

import type { NetworkResource } from '../../spec/docker.ts';
import { goTime } from '../values/time.ts';
import type { ListFormat, Row } from './list.ts';
import { labelsText, shortId } from './words.ts';

export const networkList: ListFormat = {
  type: 'network',
  id: 'ID',
  columns: ['ID', 'Name', 'Driver', 'Scope'],
  headers: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
};

export function networkRow(network: NetworkResource, full: boolean): Row {
  const labels = network.Labels ?? {};
  return {
    ID: full ? network.Id : shortId(network.Id),
    Name: network.Name,
    Driver: network.Driver,
    Scope: network.Scope,
    IPv4: String(network.EnableIPv4),
    IPv6: String(network.EnableIPv6),
    Internal: String(network.Internal),
    Labels: labelsText(labels),
    Label: (name) => (Object.hasOwn(labels, name) ? (labels[name] ?? '') : ''),
    CreatedAt: goTime(network.Created),
  };
}
