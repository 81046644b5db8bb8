/** What lines of containers become for a machine's log service. */

import { expect, test } from 'bun:test';
import { containerConfig } from '../testing/create-request.ts';
import { journalEncoder } from './journal.ts';
import { LineSplitter, type LogLine } from './lines.ts';
import { syslogAddress, syslogEncoder } from './syslog.ts';

const chunk = (text: string, stream: 1 | 2 = 1) => ({
  stream,
  timeNs: 5n,
  bytes: Buffer.from(text),
});
const told = (lines: Iterable<LogLine>) =>
  [...lines].map(({ stream, text, partial }) => [
    stream,
    Buffer.from(text).toString(),
    ...(partial ? ['partial'] : []),
  ]);

test('LineSplitter joins what is one line, keeps streams apart and cuts what is too long', () => {
  const lines = new LineSplitter();
  expect(told(lines.push(chunk('one\n\ntw')))).toEqual([
    [1, 'one'],
    [1, ''],
  ]);
  expect(lines.pending).toBe(true);
  expect(told(lines.push(chunk('error\n', 2)))).toEqual([[2, 'error']]);
  expect(told(lines.push(chunk('o\n')))).toEqual([[1, 'two']]);
  expect(lines.pending).toBe(false);
  const long = 'x'.repeat(16 * 1024);
  expect(told(lines.push(chunk(`${long}rest`)))).toEqual([[1, long, 'partial']]);
  expect(told(lines.flush())).toEqual([[1, 'rest']]);
  expect(
    told(lines.push(chunk(`${long}${long}y\n`))).map(([, text, partial]) => [
      String(text).length,
      partial,
    ]),
  ).toEqual([
    [16_384, 'partial'],
    [16_384, 'partial'],
    [1, undefined],
  ]);
  expect(
    told(lines.push(chunk(`${long}\n`))).map(([, text, partial]) => [String(text).length, partial]),
  ).toEqual([[16_384, undefined]]);
});

test('LineSplitter keeps what it holds when the buffer of a chunk is used again', () => {
  const lines = new LineSplitter();
  const bytes = Buffer.from('begin');
  expect([...lines.push({ stream: 1, timeNs: 1n, bytes })]).toEqual([]);
  bytes.fill('x');
  expect(told(lines.push(chunk(' end\n')))).toEqual([[1, 'begin end']]);
});

test('syslogAddress reads what docker reads, and refuses the rest', () => {
  const address = (text: string) => syslogAddress({ 'syslog-address': text });
  expect(syslogAddress({})).toEqual({ kind: 'unixgram', path: '/dev/log' });
  expect(address('unix:///run/log')).toEqual({ kind: 'unix', path: '/run/log' });
  expect(address('udp://logs.lan')).toEqual({ kind: 'udp', host: 'logs.lan', port: 514 });
  expect(address('tcp://[::1]:601')).toEqual({ kind: 'tcp', host: '::1', port: 601 });
  for (const wrong of [
    'logs',
    'http://x',
    'tcp://',
    'tcp://h:0',
    'udp://h:70000',
    'unix://x',
    'tcp://[1.2.3.4]',
    'udp://a b',
  ])
    expect(() => address(wrong)).toThrow('invalid value for syslog-address');
  expect(() => address('tcp+tls://h:1')).toThrow('sends nothing over TLS');
});

test('syslogEncoder writes RFC 3164 and RFC 5424, with the severity of the stream', () => {
  const timeNs = BigInt(new Date(2025, 10, 1, 2, 3, 4).getTime()) * 1_000_000n + 123_456_789n;
  const encoded = (options: Record<string, string>, stream: 1 | 2 = 1) => {
    const encode = syslogEncoder(options, 'tag', syslogAddress(options));
    return Buffer.from(
      encode({ stream, timeNs, text: Buffer.from('said'), partial: false }),
    ).toString();
  };
  expect(encoded({})).toBe(`<30>Nov  1 02:03:04 tag[${process.pid}]: said`);
  expect(encoded({ 'syslog-facility': 'local7' }, 2)).toStartWith('<187>');
  expect(encoded({ 'syslog-format': 'rfc3164', 'syslog-address': 'tcp://h' })).toMatch(
    /^<30>Nov {2}1 02:03:04 \S+ tag\[\d+\]: said\n$/,
  );
  expect(encoded({ 'syslog-format': 'rfc5424micro', 'syslog-facility': '1' })).toMatch(
    /^<14>1 2025-1[01]-\d\dT\d\d:03:04\.123456Z \S+ tag \d+ tag - said$/,
  );
  expect(() => encoded({ 'syslog-format': 'xml' })).toThrow('invalid value for syslog-format');
  expect(() => encoded({ 'syslog-facility': '24' })).toThrow('invalid value for syslog-facility');
});

test('journalEncoder gives its own fields to nobody else, and lengths to what has line feeds', () => {
  const definition = { id: 'a'.repeat(64), name: 'box', config: containerConfig({ Image: 'img' }) };
  const extra: [string, string][] = [
    ['com.example.Team', 'two\nlines'],
    ['_PID', '1'],
    ['message', 'false'],
    ['container_name', 'false'],
  ];
  const encode = journalEncoder(definition, 'tag', extra);
  const entry = Buffer.from(
    encode({ stream: 2, timeNs: 0n, text: Buffer.from('said'), partial: true }),
  ).toString('latin1');
  expect(entry).toStartWith('MESSAGE=said\nPRIORITY=3\n');
  expect(entry).toContain('\nCONTAINER_PARTIAL_MESSAGE=true\n');
  expect(entry).toContain('\nCOM_EXAMPLE_TEAM\n\x09\0\0\0\0\0\0\0two\nlines\n');
  expect(entry).toContain('\nPID=1\n');
  expect(entry).toContain('\nCONTAINER_NAME=box\n');
  expect(entry).toContain(
    `\nCONTAINER_ID=${'a'.repeat(12)}\nCONTAINER_ID_FULL=${'a'.repeat(64)}\n`,
  );
  expect(entry).not.toContain('false');
});
