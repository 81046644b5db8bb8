/** Which wishes a network can grant. */

import { TiffinError } from '../../base/errors.ts';
import { hasNames, type Network } from '../../network/index.ts';
import type { EndpointSettings } from '../../spec/docker.ts';

/** Throws `invalid` in Docker's words: names and fixed addresses belong to networks that somebody has made. */
export function checkEndpointSettings(network: Network, settings: EndpointSettings): void {
  if (hasNames(network)) return;
  if ((settings.Aliases ?? []).length > 0) {
    throw invalid('network-scoped alias is supported only for containers in user defined networks');
  }
  const { IPv4Address = '', IPv6Address = '' } = settings.IPAMConfig ?? {};
  if (IPv4Address !== '' || IPv6Address !== '') {
    throw invalid('user specified IP address is supported on user defined networks only');
  }
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-endpoint', `invalid endpoint settings: ${message}`);
}
