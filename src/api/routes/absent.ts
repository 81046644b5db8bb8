/** Parts of Docker's API that this engine does not have, answered so that clients and people understand. */

import { TiffinError } from '../../base/errors.ts';
import type { Handler } from '../call.ts';
import { json } from '../reply.ts';

const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** In the words of an engine that is not part of a swarm, which clients know how to take. */
export const notInSwarm: Handler = () => {
  throw new TiffinError('unavailable', 'not-in-swarm', NO_SWARM);
};

export const noPlugins: Handler = () => json([]);

export const noSuchPlugin: Handler = ({ path }) => {
  throw new TiffinError('not-found', 'no-such-plugin', `plugin "${path.get('name')}" not found`);
};

export function unsupported(what: string): Handler {
  return () => {
    throw new TiffinError(
      'unsupported',
      'not-implemented',
      `${what} is not supported by this engine`,
    );
  };
}
