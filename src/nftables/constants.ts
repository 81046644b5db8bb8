/** Numbers of linux/netfilter/nfnetlink.h and nf_tables.h. */

import type { Expression, Field, Hook, MetaKey, TableName } from './ruleset.ts';

export const BATCH_BEGIN = 16;
export const BATCH_END = 17;
export const SUBSYSTEM = 10;

export const MESSAGE = {
  newTable: 0,
  deleteTable: 2,
  newChain: 3,
  newRule: 6,
  deleteRule: 8,
  newSet: 9,
  newElement: 12,
  deleteElement: 14,
} as const;

export const FAMILY: Record<TableName['family'], number> = { inet: 1, ip: 2, bridge: 7, ip6: 10 };

export const TABLE = { name: 1 } as const;
export const CHAIN = { table: 1, name: 3, hook: 4, policy: 5, type: 7 } as const;
export const HOOK = { number: 1, priority: 2 } as const;
export const RULE = { table: 1, chain: 2, expressions: 4 } as const;
export const SET = {
  table: 1,
  name: 2,
  flags: 3,
  keyType: 4,
  keyLength: 5,
  dataType: 6,
  dataLength: 7,
  id: 10,
  userData: 13,
} as const;
export const SET_FLAG = { interval: 0x4, map: 0x8 } as const;
export const ELEMENTS = { table: 1, set: 2, elements: 3 } as const;
export const ELEMENT = { key: 1, data: 2, flags: 3 } as const;
export const ELEMENT_RANGE_END = 1;
export const LIST_ELEMENT = 1;
export const DATA = { value: 1, verdict: 2 } as const;
export const VERDICT = { code: 1, chain: 2 } as const;
export const EXPRESSION = { name: 1, data: 2 } as const;

export const HOOK_NUMBER: Record<Hook['hook'], number> = {
  prerouting: 0,
  input: 1,
  forward: 2,
  output: 3,
  postrouting: 4,
};

/** nft's own numbers of data types (src/include/datatype.h there), by which `nft list` prints keys; and their bytes. */
export const FIELD: Record<Field, { type: number; length: number }> = {
  address4: { type: 7, length: 4 },
  address6: { type: 8, length: 16 },
  ether: { type: 9, length: 6 },
  protocol: { type: 12, length: 1 },
  service: { type: 13, length: 2 },
  interface: { type: 41, length: 16 },
};
/** A concatenated type has six bits for each part. */
export const FIELD_TYPE_BITS = 6;

export const META: Record<MetaKey, number> = {
  ethertype: 1,
  'input-name': 6,
  'output-name': 7,
  family: 15,
  protocol: 16,
};

export const CONNTRACK: Record<Extract<Expression, { kind: 'conntrack' }>['key'], number> = {
  state: 0,
  status: 2,
};

export const FIB: Record<Extract<Expression, { kind: 'fib' }>['key'], number> = {
  'source-type': 0x1,
  'destination-type': 0x2,
};
export const FIB_RESULT_TYPE = 3;

export const PAYLOAD_BASE = { link: 0, network: 1, transport: 2 } as const;

/** NF_DROP, NF_ACCEPT, NFT_RETURN; NFT_JUMP stands apart, as it names a chain. */
export const VERDICT_CODE = { drop: 0, accept: 1, return: -5 } as const;
export const VERDICT_JUMP = -3;

/** NFT_REG32_00: the first register of 32 bits. */
export const FIRST_REGISTER = 8;
export const VERDICT_REGISTER = 0;
