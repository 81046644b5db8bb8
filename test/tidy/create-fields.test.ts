/** Every field that a client may send with `POST /containers/create` has a verdict, and the parser reads those that work. */

import { expect, test } from 'bun:test';
import { parseContainerCreate } from '../../src/api/parse/container.ts';
import { createFields } from '../../tools/create-fields.ts';
import names from './testdata/create-fields.json' with { type: 'json' };

test('createFields has each field of the API definition once', () => {
  expect(createFields.map(([name]) => name)).toEqual(names);
});

/** Two different values of a field: whoever reads it answers differently, or refuses one of them. */
const VALUES: readonly (readonly [unknown, unknown])[] = [
  [true, false],
  [3, 0],
  ['private', 'host'],
  [['a:b'], ['c:d']],
  [{ a: 'x' }, { b: 'y' }],
  [{ '80/tcp': {} }, { '81/tcp': {} }],
  [
    [30, 40],
    [31, 41],
  ],
  [{ Interval: 1 }, { Interval: 2 }],
  [{ Type: 'a' }, { Type: 'b' }],
  [{ Name: 'always' }, { Name: 'no' }],
  [[{ Path: '/a', PathOnHost: '/a', Name: 'a', Driver: 'a', Target: '/a' }], []],
  [{ '80/tcp': [{ HostPort: '1' }] }, { '80/tcp': [{ HostPort: '2' }] }],
  [{ a: { Aliases: ['x'] } }, { a: { Aliases: ['y'] } }],
];

function outcome(section: string, field: string, value: unknown): string {
  const body = section === '' ? { [field]: value } : { [section]: { [field]: value } };
  try {
    return JSON.stringify(parseContainerCreate(body));
  } catch (error) {
    return `refused: ${String(error).includes(field)}`;
  }
}

test('parseContainerCreate reads every field at the top of its section', () => {
  const unread = names.filter((name) => {
    const [field = '', section = ''] = name.split('.').reverse();
    if (name.includes('[]') || name.includes('{}') || name.split('.').length > 2) return false;
    if (section !== '' && !section.endsWith('Config')) return false;
    if (section === 'LogConfig') return false;
    return VALUES.every(
      ([one, other]) => outcome(section, field, one) === outcome(section, field, other),
    );
  });
  expect(unread).toEqual([]);
});
