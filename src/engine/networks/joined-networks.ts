/** The networks that a new container belongs to. */

import type { EndpointSettings, HostConfig } from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';
import { checkEndpointSettings } from './endpoint-settings.ts';
import { NO_WISHES } from './no-wishes.ts';

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
  if (driver !== undefined && driver !== 'host' && driver !== 'null') joined[own] ??= NO_WISHES;
  return joined;
}

/** Throws `not-found` for a network that is not there, `invalid` for wishes that it cannot grant. */
export function checkNetworks(
  parts: Parts,
  mode: string,
  networks: Record<string, EndpointSettings>,
): void {
  if (mode !== 'default') parts.networks.inspect(mode);
  for (const [name, settings] of Object.entries(networks)) {
    checkEndpointSettings(parts.networks.inspect(name), settings);
  }
}
