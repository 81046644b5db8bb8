/** `--network` of a container. */

import { TiffinError } from '../base/errors.ts';

/**
 * What the word means for the namespaces: `host` and `container` join one and get no steps of this room,
 * `none` and `network` are a new namespace with the steps of `endpointSteps`.
 */
export type NetworkMode =
  | { kind: 'host' }
  | { kind: 'none' }
  | { kind: 'container'; container: string }
  | { kind: 'network'; network: string };

const CONTAINER = 'container:';

/** Empty and `default` mean the network `bridge`. Throws `invalid` for `container:` without a name. */
export function parseNetworkMode(text: string): NetworkMode {
  if (text === 'host' || text === 'none') return { kind: text };
  if (text === '' || text === 'default') return { kind: 'network', network: 'bridge' };
  if (!text.startsWith(CONTAINER)) return { kind: 'network', network: text };
  const container = text.slice(CONTAINER.length);
  if (container === '') {
    throw new TiffinError(
      'invalid',
      'bad-network-mode',
      'invalid network mode: container: without a name or id',
    );
  }
  return { kind: 'container', container };
}
