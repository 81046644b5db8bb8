/** What a well-typed config.json must also fulfil: small named checks, each returning its complaints. */

import type { RuntimeSpec } from './spec.ts';

export type Check = (spec: RuntimeSpec) => string[];

export const checks: readonly Check[] = [];
