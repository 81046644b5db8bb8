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
  /** Throws where this connection cannot leave HTTP, and so carries output only; to be called before a process is reached. */
  requireInput(): void;
  /** Minor number of the API version asked for: 51 for 1.51. */
  version: number;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;
