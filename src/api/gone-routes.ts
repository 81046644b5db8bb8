/** Routes of docker 1.0's API that went before version 1.24, each with what to ask instead. */

import type { Route } from './router.ts';
import { gone } from './routes/absent.ts';

export const goneRoutes: readonly Route[] = [
  ['GET', '/containers/ps', gone('use GET /containers/json')],
  ['POST', '/containers/{id}/copy', gone('use GET /containers/{id}/archive?path=…')],
  ['GET', '/images/viz', gone('use GET /images/{name}/history')],
  ['POST', '/images/{name*}/insert', gone('build an image from a Dockerfile with ADD')],
];
