import { expect, test } from 'bun:test';
import { foreignRequest, parseAddress, showAddress } from './address.ts';

test.each([
  ['127.0.0.1:1337', '127.0.0.1:1337'],
  ['localhost:80', '127.0.0.1:80'],
  [':0', '127.0.0.1:0'],
  ['[::1]:65535', '[::1]:65535'],
])('parseAddress takes %s', (text, shown) => {
  expect(showAddress(parseAddress(text))).toBe(shown);
});

test.each(['', '1337', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '127.0.0.1:-1', '::1:1337'])(
  'parseAddress refuses %p',
  (text) => {
    expect(() => parseAddress(text)).toThrow('cfs: ');
  },
);

test.each(['0.0.0.0:1', '[::]:1', '10.0.0.1:1', 'example.com:1', '127.0.0.1.example.com:1', '*:1'])(
  'parseAddress refuses %s, which is more than the loopback',
  (text) => {
    expect(() => parseAddress(text)).toThrow('loopback');
  },
);

const foreign = (headers: Record<string, string>) => foreignRequest(new Headers(headers));

test.each(['127.0.0.1:1337', 'localhost', 'LOCALHOST:9', '[::1]:1337'])(
  'foreignRequest lets %s pass',
  (host) => {
    expect(foreign({ Host: host })).toBeUndefined();
    expect(foreign({ Host: host, Origin: `http://${host}` })).toBeUndefined();
    expect(foreign({ Host: host, 'Sec-Fetch-Site': 'same-origin' })).toBeUndefined();
  },
);

const foreigners: Record<string, string>[] = [
  {},
  { Host: '' },
  { Host: 'rebound.example' },
  { Host: '127.0.0.1.rebound.example' },
  { Host: '127.0.0.1:1337@rebound.example' },
  { Host: '127.0.0.1:1337', Origin: 'null' },
  { Host: '127.0.0.1:1337', Origin: 'https://127.0.0.1:1337' },
  { Host: '127.0.0.1:1337', Origin: 'http://127.0.0.1:13370' },
  { Host: '127.0.0.1:1337', Origin: 'http://localhost:1337' },
  { Host: '127.0.0.1:1337', 'Sec-Fetch-Site': 'cross-site' },
  { Host: '127.0.0.1:1337', 'Sec-Fetch-Site': 'same-site' },
];

test.each(foreigners)('foreignRequest refuses %p', (headers) => {
  expect(foreign(headers)).toBeDefined();
});
