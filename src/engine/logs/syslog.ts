/** `--log-driver syslog`: where lines go, and how they look there (RFC 3164, RFC 5424). */

import { hostname } from 'node:os';
import { TiffinError } from '../../base/errors.ts';
import type { LogAddress } from '../../host/log-channel.ts';
import type { LogLine } from './lines.ts';

type Options = Readonly<Record<string, string>>;
type Encode = (line: LogLine) => Uint8Array;

const LOCAL: LogAddress = { kind: 'unixgram', path: '/dev/log' };
const DEFAULT_PORT = 514;
const DAEMON = 3;
const INFORMATIONAL = 6;
const ERROR = 3;

const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron'],
  ...['authpriv', 'ftp', undefined, undefined, undefined, undefined],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

/** `unixgram:///dev/log`, `unix://…`, `udp://host:514`, `tcp://host`. Throws `invalid`. */
export function syslogAddress(options: Options): LogAddress {
  const text = options['syslog-address'];
  if (text === undefined || text === '') return LOCAL;
  const match = /^([a-z+]{1,16}):\/\/([^?#\0]{1,1024})$/.exec(text);
  const [, kind = '', rest = ''] = match ?? [];
  if (kind === 'tcp+tls') {
    const message = 'the syslog driver sends nothing over TLS';
    throw new TiffinError('invalid', 'bad-log-option', message, {
      hint: 'send to a syslog service of this machine, which can send on over TLS',
    });
  }
  if (kind === 'unix' || kind === 'unixgram') {
    if (!rest.startsWith('/')) throw invalid('syslog-address', text);
    return { kind, path: rest };
  }
  const place = /^(?:\[([0-9a-fA-F:.]{2,64})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?\/?$/.exec(
    rest,
  );
  const port = Number(place?.[3] ?? DEFAULT_PORT);
  const host = place?.[1] ?? place?.[2] ?? '';
  const wrong = place === null || port < 1 || port > 65_535 || place[1]?.includes(':') === false;
  if ((kind !== 'udp' && kind !== 'tcp') || wrong) throw invalid('syslog-address', text);
  return { kind, host, port };
}

/** What a line becomes. `tag` is expanded. */
export function syslogEncoder(options: Options, tag: string, address: LogAddress): Encode {
  const facility = parseFacility(options['syslog-facility']);
  const format = FORMATS.get(options['syslog-format'] ?? '');
  if (format === undefined) throw invalid('syslog-format', options['syslog-format'] ?? '');
  // Whoever reads a stream tells messages apart by their line feeds.
  const end = Buffer.from(address.kind === 'tcp' || address.kind === 'unix' ? '\n' : '');
  return ({ stream, timeNs, text }) => {
    const priority = facility * 8 + (stream === 1 ? INFORMATIONAL : ERROR);
    const head = format(new Date(Number(timeNs / 1_000_000n)), tag, timeNs);
    return Buffer.concat([Buffer.from(`<${priority}>${head}`), text, end]);
  };
}

type Head = (time: Date, tag: string, timeNs: bigint) => string;

const FORMATS: ReadonlyMap<string, Head> = new Map<string, Head>([
  ['', (time, tag) => `${stamp(time)} ${tag}[${process.pid}]: `],
  ['rfc3164', (time, tag) => `${stamp(time)} ${hostname()} ${tag}[${process.pid}]: `],
  ['rfc5424', (time, tag) => modern(`${time.toISOString().slice(0, 19)}Z`, tag)],
  [
    'rfc5424micro',
    (time, tag, timeNs) => {
      const micros = String((timeNs / 1000n) % 1_000_000n).padStart(6, '0');
      return modern(`${time.toISOString().slice(0, 19)}.${micros}Z`, tag);
    },
  ],
]);

function modern(time: string, tag: string): string {
  return `1 ${time} ${hostname()} ${tag} ${process.pid} ${tag} - `;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov  1 02:03:04`, in the machine's time, as RFC 3164 has it. */
function stamp(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2)} ${clock}`;
}

function parseFacility(text: string | undefined): number {
  if (text === undefined || text === '') return DAEMON;
  const named = FACILITIES.indexOf(text);
  if (named >= 0) return named;
  if (/^[0-9]{1,2}$/.test(text) && Number(text) < FACILITIES.length) return Number(text);
  throw invalid('syslog-facility', text);
}

function invalid(option: string, text: string): TiffinError {
  const message = `invalid value for ${option}: ${JSON.stringify(text.slice(0, 120))}`;
  return new TiffinError('invalid', 'bad-log-option', message);
}
