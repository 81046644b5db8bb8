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

/** `swarm leave`. */
export const notPartOfSwarm: Handler = () => {
  throw new TiffinError('unavailable', 'not-in-swarm', 'This node is not part of a swarm');
};

/** `swarm init` and `join`: the advice above would send people in a circle. */
export const noSwarmMode: Handler = () => {
  throw new TiffinError('unavailable', 'not-in-swarm', 'this engine has no swarm mode');
};

export const noPlugins: Handler = () => json([]);

export const noSuchPlugin: Handler = ({ path }) => {
  throw new TiffinError('not-found', 'no-such-plugin', `plugin "${path.get('name')}" not found`);
};

/** Clients that build through BuildKit ask for a session first; its error is what they show. */
export const noBuildKit: Handler = () => {
  const message = 'the BuildKit protocol is not supported by this engine';
  const hint = 'set DOCKER_BUILDKIT=0, which builds by POST /build';
  throw new TiffinError('unsupported', 'not-implemented', message, { hint });
};

/** What docker itself has taken away. */
export function gone(instead: string): Handler {
  return () => {
    const message = 'page not found: this route was removed before API version 1.24';
    throw new TiffinError('not-found', 'route-gone', message, { hint: instead });
  };
}

export function unsupported(what: string): Handler {
  return () => {
    throw new TiffinError(
      'unsupported',
      'not-implemented',
      `${what} is not supported by this engine`,
    );
  };
}
