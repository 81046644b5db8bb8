/** `--health-*` and `--no-healthcheck`. */

import type { HealthConfig } from '../../spec/docker.ts';
import type { FlagValues } from '../flags/values.ts';
import { ValueError } from '../values/number.ts';

const DURATIONS = [
  ['health-interval', 'Interval'],
  ['health-timeout', 'Timeout'],
  ['health-start-period', 'StartPeriod'],
  ['health-start-interval', 'StartInterval'],
] as const;

export function healthConfig(flags: FlagValues): Partial<HealthConfig> | undefined {
  const given = ['health-cmd', 'health-retries', ...DURATIONS.map(([name]) => name)].some((name) =>
    flags.has(name),
  );
  if (flags.bool('no-healthcheck')) {
    if (given) throw new ValueError('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!given) return undefined;
  const config: Partial<HealthConfig> = {};
  const command = flags.text('health-cmd');
  if (command !== '') config.Test = ['CMD-SHELL', command];
  for (const [name, field] of DURATIONS) config[field] = notNegative(flags, name);
  config.Retries = notNegative(flags, 'health-retries');
  return config;
}

function notNegative(flags: FlagValues, name: string): number {
  const value = flags.number(name) ?? 0;
  if (value < 0) throw new ValueError(`--${name} cannot be negative`);
  return value;
}
