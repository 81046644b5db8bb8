import { expect, test } from 'bun:test';
import { parseUser } from './user.ts';

test('parseUser splits user and group and keeps names as they are', () => {
  expect(parseUser('', [])).toEqual({ user: '0', group: '', groups: [] });
  expect(parseUser('www-data', ['7'])).toEqual({ user: 'www-data', group: '', groups: ['7'] });
  expect(parseUser('1000:staff', [])).toEqual({ user: '1000', group: 'staff', groups: [] });
  expect(parseUser('4294967294', [])).toMatchObject({ user: '4294967294' });
});

test('parseUser refuses numbers that would wrap around and texts that are no line of passwd', () => {
  const bad = [
    '4294967295',
    '4294967296',
    '99999999999999999999',
    '-1',
    '+0',
    'root\n',
    'a\0b',
    'a:b:c',
    '0:-1',
  ];
  for (const text of bad) expect(() => parseUser(text, [])).toThrow('invalid user');
  expect(() => parseUser('root', ['4294967295'])).toThrow('uids and gids must be in range');
});
