/** `HEALTHCHECK [--interval=… …] CMD …` and `HEALTHCHECK NONE`. */

import { DockerfileError, type LineRange } from './dockerfile-error.ts';
import { takeFlags } from './flags.ts';
import type { Instruction } from './instruction.ts';
import { common, jsonTexts, missing, type Operands } from './parse-instruction.ts';

const FLAGS = {
  interval: 'text',
  timeout: 'text',
  'start-period': 'text',
  'start-interval': 'text',
  retries: 'text',
} as const;

export function parseHealthcheck(operands: Operands): Instruction {
  const { line, escaper } = operands;
  const { flags, rest } = takeFlags(operands.rest, FLAGS, {
    instruction: 'HEALTHCHECK',
    range: line.range,
    escaper,
  });
  const blank = rest.search(/[ \t]/);
  const type = (blank < 0 ? rest : rest.slice(0, blank)).toUpperCase();
  const command = blank < 0 ? '' : rest.slice(blank).trim();
  if (type === '') throw missing('HEALTHCHECK', operands, 'at least one argument');
  const options = {
    intervalNs: duration('interval', flags.text('interval'), line.range),
    timeoutNs: duration('timeout', flags.text('timeout'), line.range),
    startPeriodNs: duration('start-period', flags.text('start-period'), line.range),
    startIntervalNs: duration('start-interval', flags.text('start-interval'), line.range),
    retries: count(flags.text('retries'), line.range),
  };
  if (type === 'NONE') {
    if (command !== '')
      throw new DockerfileError('HEALTHCHECK NONE takes no arguments', line.range);
    return { kind: 'healthcheck', test: ['NONE'], shell: undefined, options, ...common(operands) };
  }
  if (type !== 'CMD') {
    const message = `Unknown type ${JSON.stringify(type.slice(0, 40))} in HEALTHCHECK (try CMD)`;
    throw new DockerfileError(message, line.range);
  }
  if (command === '') {
    throw new DockerfileError('Missing command after HEALTHCHECK CMD', line.range);
  }
  const args = jsonTexts(command);
  return {
    kind: 'healthcheck',
    test: args === undefined ? undefined : ['CMD', ...args],
    shell: args === undefined ? command : undefined,
    options,
    ...common(operands),
  };
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
]);
const MAX_NS = 365 * 24 * 3600 * 1e9;

/** Go's form: `1h30m`, `1.5s`. */
function duration(name: string, text: string | undefined, range: LineRange): number {
  if (text === undefined || text === '0') return 0;
  const pieces = [
    ...text.slice(0, 64).matchAll(/([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h)/g),
  ];
  const ns = pieces.reduce(
    (sum, [, number = '0', unit = '']) => sum + Number(number) * (UNITS.get(unit) ?? 0),
    0,
  );
  const whole = pieces.map(([all]) => all).join('') === text;
  if (!whole || pieces.length === 0 || ns > MAX_NS) {
    throw new DockerfileError(
      `invalid duration for --${name}: ${JSON.stringify(text.slice(0, 64))}`,
      range,
    );
  }
  if (ns > 0 && ns < 1e6) {
    throw new DockerfileError(`Interval ${JSON.stringify(name)} cannot be less than 1ms`, range);
  }
  return Math.round(ns);
}

function count(text: string | undefined, range: LineRange): number {
  if (text === undefined) return 0;
  if (/^[0-9]{1,6}$/.test(text)) return Number(text);
  throw new DockerfileError(
    `--retries must be a whole number, not ${JSON.stringify(text.slice(0, 40))}`,
    range,
  );
}
