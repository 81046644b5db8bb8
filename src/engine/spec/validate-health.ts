/** `HEALTHCHECK` and the `--health-…` flags: what could never be run as asked is refused at creation. */

import { TiffinError } from '../../base/errors.ts';
import type { HealthConfig } from '../../spec/docker.ts';

const MIN_NS = 1_000_000;
const TIMES = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const;
const KINDS: ReadonlySet<string> = new Set(['NONE', 'CMD', 'CMD-SHELL']);

/** Throws `invalid` in Docker's words. */
export function validateHealth(config: HealthConfig | undefined): void {
  if (config === undefined) return;
  for (const field of TIMES) {
    if (config[field] !== 0 && config[field] < MIN_NS) {
      throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
    }
  }
  if (config.Retries < 0) throw invalid('Retries in Healthcheck cannot be negative');
  const [kind, ...words] = config.Test;
  if (kind === undefined) return;
  if (!KINDS.has(kind)) {
    const shown = JSON.stringify(kind.slice(0, 64));
    throw invalid(`Unknown healthcheck type ${shown} (expected NONE, CMD or CMD-SHELL)`);
  }
  if (kind !== 'NONE' && words.length === 0) throw invalid(`Healthcheck ${kind} names no command`);
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-healthcheck', message);
}
