/** `--log-opt max-size=10m --log-opt max-file=3`. */

import { TiffinError } from '../../base/errors.ts';
import type { LogConfig } from '../../spec/docker.ts';

const MiB = 1024 * 1024;

/** Without options a log takes at most 4 × 256 MiB: a container must not fill the disk by printing. */
const DEFAULTS = { maxBytes: 256 * MiB, maxFiles: 4 };

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 1024],
  ['m', MiB],
  ['g', 1024 * MiB],
]);

/** `mode` and `max-buffer-size` mean nothing here: a program never waits for its log longer than the disk does. */
const COMMON = ['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size'];
const ATTRIBUTES = ['labels', 'env', 'tag'];
/** Of drivers that hand lines on: how much of the log is kept beside. */
const CACHE = ['cache-max-size', 'cache-max-file', 'mode', 'max-buffer-size'];
const CACHED = { maxBytes: 20 * MiB, maxFiles: 5 };

/** Driver to the options it takes. */
const OPTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['json-file', new Set([...COMMON, ...ATTRIBUTES])],
  ['local', new Set(COMMON)],
  ['none', new Set<string>()],
  ['journald', new Set([...CACHE, ...ATTRIBUTES])],
  ['syslog', new Set([...CACHE, 'tag', 'syslog-address', 'syslog-facility', 'syslog-format'])],
]);

/** Throws `invalid` for texts that mean nothing and `unsupported` for other log drivers. */
export function logLimits(log: LogConfig): { maxBytes: number; maxFiles: number } {
  if (log.Type !== '' && !OPTIONS.has(log.Type)) {
    const message = `logger: no log driver named '${log.Type.slice(0, 64)}' is registered`;
    throw new TiffinError('invalid', 'no-log-driver', message);
  }
  refuseUnknown(log);
  const cached = log.Type === 'syslog' || log.Type === 'journald';
  const defaults = cached ? CACHED : DEFAULTS;
  const prefix = cached ? 'cache-' : '';
  const size = log.Config[`${prefix}max-size`];
  const files = log.Config[`${prefix}max-file`];
  const maxBytes = size === undefined || size === '-1' ? defaults.maxBytes : parseSize(size);
  // Docker's default with a size: one file.
  const maxFiles =
    files === undefined ? (size === undefined ? defaults.maxFiles : 1) : parseCount(files);
  return { maxBytes, maxFiles };
}

function refuseUnknown(log: LogConfig): void {
  const driver = log.Type === '' ? 'json-file' : log.Type;
  for (const key of Object.keys(log.Config)) {
    if (OPTIONS.get(driver)?.has(key)) continue;
    const message = `unknown log opt '${key.slice(0, 64)}' for ${driver} log driver`;
    throw new TiffinError('invalid', 'bad-log-option', message);
  }
  const { compress, mode } = log.Config;
  if (compress !== undefined && compress !== 'true' && compress !== 'false') {
    throw invalid('compress', compress);
  }
  if (mode !== undefined && mode !== 'blocking' && mode !== 'non-blocking') {
    throw new TiffinError(
      'invalid',
      'bad-log-option',
      `logger: logging mode not supported: ${mode.slice(0, 64)}`,
    );
  }
}

/** `10m`, `512k`, `1gb`, plain bytes. */
function parseSize(text: string): number {
  const match = /^([0-9]{1,12})(?:\.[0-9]+)?\s?([a-zA-Z]{0,2})$/.exec(text);
  const unit = UNITS.get((match?.[2] ?? '').toLowerCase().replace(/^([kmg])b$/, '$1'));
  const bytes = Number(match?.[1] ?? 0) * (unit ?? 0);
  if (match === null || unit === undefined || bytes <= 0) throw invalid('max-size', text);
  return bytes;
}

function parseCount(text: string): number {
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw invalid('max-file', text);
  return count;
}

function invalid(option: string, text: string): TiffinError {
  return new TiffinError(
    'invalid',
    'bad-log-option',
    `invalid value for ${option}: ${JSON.stringify(text.slice(0, 64))}`,
  );
}
