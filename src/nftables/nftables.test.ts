import { expect, test } from 'bun:test';
import {
  addElements,
  deleteElements,
  deleteTable,
  encodeBatch,
  interfaceName,
  replaceTable,
  subnetElements,
} from './index.ts';

const TABLE = { family: 'inet', name: 't' } as const;

function hex(text: string): string {
  return text.replaceAll(/#.*$/gm, '').replaceAll(/\s+/g, '');
}

function encode(...messages: Parameters<typeof encodeBatch>[0]): string {
  return Buffer.from(encodeBatch(messages).buffer).toString('hex');
}

test('encodeBatch frames messages as one transaction of nf_tables', () => {
  expect(encode(deleteTable(TABLE))).toBe(
    hex(`
      14000000 1000 0100 01000000 00000000   # NFNL_MSG_BATCH_BEGIN
      00 00 000a                             # nfgenmsg: resource nf_tables
      1c000000 020a 0500 02000000 00000000   # NFT_MSG_DELTABLE, ACK REQUEST
      01 00 0000                             # family inet
      0600 0100 7400 0000                    # NFTA_TABLE_NAME t
      14000000 1100 0100 03000000 00000000   # NFNL_MSG_BATCH_END
      00 00 000a
    `),
  );
});

test('addElements pads the parts of a concatenation to whole registers', () => {
  const element = {
    key: [Uint8Array.of(6), Uint8Array.of(31, 144)],
    value: [Uint8Array.of(172, 17, 0, 2), Uint8Array.of(0, 80)],
  };
  expect(encode(addElements(TABLE, 'm', [element]))).toContain(
    hex(`
      4c000000 0c0a 0504 02000000 00000000   # NFT_MSG_NEWSETELEM, CREATE ACK REQUEST
      01 00 0000
      0600 0100 7400 0000                    # NFTA_SET_ELEM_LIST_TABLE t
      0600 0200 6d00 0000                    # NFTA_SET_ELEM_LIST_SET m
      2800 0380                              # NFTA_SET_ELEM_LIST_ELEMENTS
      2400 0180                              #   NFTA_LIST_ELEM
      1000 0180                              #     NFTA_SET_ELEM_KEY
      0c00 0100 06000000 1f900000            #       NFTA_DATA_VALUE tcp . 8080
      1000 0280                              #     NFTA_SET_ELEM_DATA
      0c00 0100 ac110002 00500000            #       172.17.0.2 . 80
    `),
  );
});

test('deleteElements is the reverse of addElements, message by message', () => {
  const elements = [{ key: [interfaceName('br0')] }];
  const add = encode(addElements(TABLE, 's', elements));
  const remove = encode(deleteElements(TABLE, 's', elements));
  expect(remove).toBe(add.replace('0c0a0504', '0e0a0500'));
});

test('replaceTable makes chains before rules, empties rules first and only the sets that it is told to', () => {
  const messages = replaceTable(
    {
      ...TABLE,
      sets: [
        { name: 'a', key: ['interface'] },
        { name: 'b', key: ['address4'], interval: true },
      ],
      chains: [{ name: 'c', rules: [[{ kind: 'verdict', verdict: 'drop' }]] }],
    },
    ['b'],
  );
  const [NEWTABLE, NEWCHAIN, DELRULE, NEWSET, DELSETELEM, NEWRULE] = [0, 3, 8, 9, 14, 6];
  expect(messages.map(({ type }) => type & 0xff)).toEqual([
    NEWTABLE,
    NEWCHAIN,
    DELRULE,
    NEWSET,
    NEWSET,
    DELSETELEM,
    NEWRULE,
  ] as number[]);
});

test('interfaceName fills sixteen bytes and keeps the last one zero', () => {
  expect(Buffer.from(interfaceName('br0')).toString('hex')).toBe(`627230${'00'.repeat(13)}`);
  expect(interfaceName('x'.repeat(40)).at(-1)).toBe(0);
  expect(interfaceName('x'.repeat(40)).length).toBe(16);
});

const ranges: [number[], number, string[]][] = [
  [[10, 0, 0, 0], 8, ['10.0.0.0', '11.0.0.0']],
  [[172, 16, 0, 0], 12, ['172.16.0.0', '172.32.0.0']],
  [[172, 17, 0, 0], 16, ['172.17.0.0', '172.18.0.0']],
  [[192, 168, 255, 0], 24, ['192.168.255.0', '192.169.0.0']],
  [[192, 168, 240, 0], 20, ['192.168.240.0', '192.169.0.0']],
  [[10, 1, 2, 3], 32, ['10.1.2.3', '10.1.2.4']],
  [[255, 255, 0, 0], 16, ['255.255.0.0']],
  [[128, 0, 0, 0], 1, ['128.0.0.0']],
];

test.each(ranges)('subnetElements of %p/%p are %p', (network, prefix, expected) => {
  const elements = subnetElements(Uint8Array.from(network), prefix);
  expect(elements.map(({ key }) => key[0]?.join('.') ?? '')).toEqual(expected);
  expect(elements.map(({ rangeEnd }) => rangeEnd === true)).toEqual(
    [false, true].slice(0, expected.length),
  );
});
