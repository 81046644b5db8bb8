/** `--log-driver journald`: entries of systemd's journal in its native protocol, with the fields that Docker gives them. */

import type { LogAddress } from '../../host/log-channel.ts';
import type { Definition } from '../containers/record.ts';
import type { LogLine } from './lines.ts';

export const JOURNAL: LogAddress = { kind: 'unixgram', path: '/run/systemd/journal/socket' };

const INFORMATIONAL = '6';
const ERROR = '3';
/** What labels and variables may take of an entry: a datagram has an end. */
const EXTRA_BYTES = 16 * 1024;

/** `extra`: labels and variables that were chosen. */
export function journalEncoder(
  definition: Pick<Definition, 'id' | 'name' | 'config'>,
  tag: string,
  extra: readonly (readonly [string, string])[],
): (line: LogLine) => Uint8Array {
  const own: [string, string][] = [
    ['CONTAINER_ID', definition.id.slice(0, 12)],
    ['CONTAINER_ID_FULL', definition.id],
    ['CONTAINER_NAME', definition.name],
    ['CONTAINER_TAG', tag],
    ['IMAGE_NAME', definition.config.Image],
    ['SYSLOG_IDENTIFIER', tag],
  ];
  // Ours last: a label of the image must not speak in their place.
  const fields = new Map([...bounded(extra), ...own]);
  const common = Buffer.concat([...fields].map(([name, value]) => field(name, value)));
  return ({ stream, timeNs, text, partial }) =>
    Buffer.concat([
      field('MESSAGE', text),
      field('PRIORITY', stream === 1 ? INFORMATIONAL : ERROR),
      field('SYSLOG_TIMESTAMP', new Date(Number(timeNs / 1_000_000n)).toISOString()),
      ...(partial ? [field('CONTAINER_PARTIAL_MESSAGE', 'true')] : []),
      common,
    ]);
}

const RESERVED = new Set([
  ...['MESSAGE', 'PRIORITY', 'SYSLOG_TIMESTAMP', 'CONTAINER_PARTIAL_MESSAGE'],
]);

function* bounded(extra: readonly (readonly [string, string])[]): Generator<[string, string]> {
  let left = EXTRA_BYTES;
  for (const [key, value] of extra) {
    const name = fieldName(key);
    left -= name.length + Buffer.byteLength(value);
    if (name !== '' && !RESERVED.has(name) && left >= 0) yield [name, value];
  }
}

/** Capital letters, digits and underscores; one in front is for the journal's own word about who sends. */
function fieldName(key: string): string {
  const name = key.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
  return name.replace(/^_+/, '').slice(0, 64);
}

/** A value with a line feed, or one that is no text, has its length in front. */
function field(name: string, value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  if (!bytes.includes(10)) return Buffer.concat([Buffer.from(`${name}=`), bytes, LINE_FEED]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, LINE_FEED]);
}

const LINE_FEED = Buffer.from('\n');
