/** One request as a handler sees it: everything parsed that is the same for every route. */

import type { Engine } from '../engine/contract.ts';
import type { Body } from './body.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';
import type { PathParameters } from './router.ts';

export interface Call {
  engine: Engine;
  path: PathParameters;
  query: Query;
  /** The first value of a header, by lower-case name. */
  header(name: string): string | undefined;
  body: Body;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  /** Throws where this request's connection cannot leave HTTP; to be called before a `hijack` reply has any effect. */
  requireTakeover(): void;
  /** Minor number of the API version asked for: 51 for 1.51. */
  version: number;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;
