/** Docker's routes for parts that this engine does not have: swarm, plugins, BuildKit. */

import type { Route } from './router.ts';
import * as absent from './routes/absent.ts';

/** Lists, and what can be done with one of them, of a swarm. */
const SWARM_KINDS = ['nodes', 'services', 'tasks', 'secrets', 'configs'] as const;

export const absentRoutes: readonly Route[] = [
  ['GET', '/plugins', absent.noPlugins],
  ['GET', '/plugins/privileges', absent.unsupported('installing plugins')],
  ['POST', '/plugins/pull', absent.unsupported('installing plugins')],
  ['POST', '/plugins/create', absent.unsupported('creating plugins')],
  ['GET', '/plugins/{name*}/json', absent.noSuchPlugin],
  ['DELETE', '/plugins/{name*}', absent.noSuchPlugin],
  ['POST', '/plugins/{name*}/enable', absent.noSuchPlugin],
  ['POST', '/plugins/{name*}/disable', absent.noSuchPlugin],
  ['POST', '/plugins/{name*}/upgrade', absent.noSuchPlugin],
  ['POST', '/plugins/{name*}/push', absent.noSuchPlugin],
  ['POST', '/plugins/{name*}/set', absent.noSuchPlugin],

  ['POST', '/session', absent.noBuildKit],
  ['POST', '/grpc', absent.noBuildKit],

  ['GET', '/swarm', absent.notInSwarm],
  ['POST', '/swarm/init', absent.noSwarmMode],
  ['POST', '/swarm/join', absent.noSwarmMode],
  ['POST', '/swarm/leave', absent.notPartOfSwarm],
  ['POST', '/swarm/update', absent.notInSwarm],
  ['GET', '/swarm/unlockkey', absent.notInSwarm],
  ['POST', '/swarm/unlock', absent.notInSwarm],
  ...SWARM_KINDS.flatMap((kind): Route[] => [
    ['GET', `/${kind}`, absent.notInSwarm],
    ['GET', `/${kind}/{id}`, absent.notInSwarm],
    ['GET', `/${kind}/{id}/logs`, absent.notInSwarm],
    ['DELETE', `/${kind}/{id}`, absent.notInSwarm],
    ['POST', `/${kind}/create`, absent.notInSwarm],
    ['POST', `/${kind}/{id}/update`, absent.notInSwarm],
  ]),
];
