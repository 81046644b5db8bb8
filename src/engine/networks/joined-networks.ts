/** The networks that a new container belongs to. */

import { TiffinError } from '../../base/errors.ts';
import type { Network } from '../../network/index.ts';
import type { EndpointSettings, HostConfig } from '../../spec/docker.ts';
import { NO_ENDPOINT_SETTINGS } from '../../spec/no-endpoint-settings.ts';
import type { Parts } from '../parts.ts';
import { checkEndpointSettings } from './endpoint-settings.ts';

/** By name, the network of `--network` among them: what is in here is joined at a start, and nothing else. */
export function joinedNetworks(
  parts: Parts,
  { NetworkMode: mode }: HostConfig,
  asked: Record<string, EndpointSettings>,
): Record<string, EndpointSettings> {
  const joined: Record<string, EndpointSettings> = Object.create(null);
  const known = parts.networks.list();
  const nameOf = (text: string): string =>
    text === 'default' ? 'bridge' : (known.find(({ id }) => id === text)?.name ?? text);
  for (const [key, settings] of Object.entries(asked)) joined[nameOf(key)] = settings;
  const own = nameOf(mode);
  const driver = known.find(({ name }) => name === own)?.driver;
  if (driver !== undefined && driver !== 'host' && driver !== 'null')
    joined[own] ??= NO_ENDPOINT_SETTINGS;
  return joined;
}

/** @throws TiffinError `absent-network` for one that is not there, `invalid` for wishes that it cannot grant. */
export function checkNetworks(
  parts: Parts,
  mode: string,
  networks: Record<string, EndpointSettings>,
): void {
  if (mode !== 'default') existingNetwork(parts, mode);
  for (const [name, settings] of Object.entries(networks)) {
    checkEndpointSettings(existingNetwork(parts, name), settings);
  }
}

/** «Not found» would make Docker's client pull the image. */
function existingNetwork(parts: Parts, name: string): Network {
  try {
    return parts.networks.inspect(name);
  } catch (cause) {
    if (!(cause instanceof TiffinError) || cause.code !== 'no-such-network') throw cause;
    throw new TiffinError('invalid', 'absent-network', cause.message, { cause });
  }
}
