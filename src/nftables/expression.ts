/** One expression of a rule to its attributes; a row per kind. */

import {
  type Attribute,
  bytesAttribute,
  nestAttribute,
  textAttribute,
  u32beAttribute,
} from '../base/netlink.ts';
import {
  CONNTRACK,
  DATA,
  EXPRESSION,
  FAMILY,
  FIB,
  FIB_RESULT_TYPE,
  FIRST_REGISTER,
  LIST_ELEMENT,
  META,
  PAYLOAD_BASE,
  VERDICT,
  VERDICT_CODE,
  VERDICT_JUMP,
  VERDICT_REGISTER,
} from './constants.ts';
import type { Expression } from './ruleset.ts';

type Kind = Expression['kind'];
type Encoders = {
  readonly [K in Kind]: (expression: Extract<Expression, { kind: K }>) => {
    name: string;
    attributes: readonly Attribute[];
  };
};

/** NFT_PAYLOAD_CSUM_INET. */
const CHECKSUM_INET = 1;

/** The numbers are the NFTA_<name>_* of linux/netfilter/nf_tables.h. */
const ENCODERS: Encoders = {
  meta: ({ key, register }) => ({
    name: 'meta',
    attributes: [registerAttribute(1, register), u32beAttribute(2, META[key])],
  }),
  payload: ({ base, offset, length, register }) => ({
    name: 'payload',
    attributes: [
      registerAttribute(1, register),
      u32beAttribute(2, PAYLOAD_BASE[base]),
      u32beAttribute(3, offset),
      u32beAttribute(4, length),
    ],
  }),
  value: ({ register, value }) => ({
    name: 'immediate',
    attributes: [registerAttribute(1, register), valueAttribute(2, value)],
  }),
  'set-payload': ({ base, offset, length, register, checksum }) => ({
    name: 'payload',
    attributes: [
      registerAttribute(5, register),
      u32beAttribute(2, PAYLOAD_BASE[base]),
      u32beAttribute(3, offset),
      u32beAttribute(4, length),
      u32beAttribute(6, CHECKSUM_INET),
      u32beAttribute(7, checksum),
    ],
  }),
  conntrack: ({ key, register }) => ({
    name: 'ct',
    attributes: [registerAttribute(1, register), u32beAttribute(2, CONNTRACK[key])],
  }),
  fib: ({ key, register }) => ({
    name: 'fib',
    attributes: [
      registerAttribute(1, register),
      u32beAttribute(2, FIB_RESULT_TYPE),
      u32beAttribute(3, FIB[key]),
    ],
  }),
  bits: ({ register, mask }) => ({
    name: 'bitwise',
    attributes: [
      registerAttribute(1, register),
      registerAttribute(2, register),
      u32beAttribute(3, mask.length),
      valueAttribute(4, mask),
      valueAttribute(5, new Uint8Array(mask.length)),
    ],
  }),
  compare: ({ register, not, value }) => ({
    name: 'cmp',
    attributes: [
      registerAttribute(1, register),
      u32beAttribute(2, not === true ? 1 : 0),
      valueAttribute(3, value),
    ],
  }),
  lookup: ({ set, register, not, into }) => ({
    name: 'lookup',
    attributes: [
      textAttribute(1, set),
      registerAttribute(2, register),
      ...(into === undefined ? [] : [registerAttribute(3, into)]),
      ...(not === true ? [u32beAttribute(5, 1)] : []),
    ],
  }),
  counter: () => ({ name: 'counter', attributes: [] }),
  verdict: ({ verdict }) => immediate(VERDICT_CODE[verdict]),
  jump: ({ chain }) => immediate(VERDICT_JUMP, chain),
  dnat: ({ family, address, port }) => ({
    name: 'nat',
    attributes: [
      u32beAttribute(1, 1),
      u32beAttribute(2, FAMILY[family]),
      registerAttribute(3, address),
      registerAttribute(5, port),
    ],
  }),
  masquerade: () => ({ name: 'masq', attributes: [] }),
};

export function encodeExpression(expression: Expression): Attribute {
  const { name, attributes } = encoderOf(expression.kind)(expression);
  return nestAttribute(
    LIST_ELEMENT,
    textAttribute(EXPRESSION.name, name),
    nestAttribute(EXPRESSION.data, ...attributes),
  );
}

/** NFTA_DATA_VALUE. */
export function valueAttribute(type: number, value: Uint8Array): Attribute {
  return nestAttribute(type, bytesAttribute(DATA.value, value));
}

function encoderOf(kind: Kind): (expression: Expression) => ReturnType<Encoders[Kind]> {
  return ENCODERS[kind] as (expression: Expression) => ReturnType<Encoders[Kind]>;
}

function registerAttribute(type: number, register: number): Attribute {
  return u32beAttribute(type, FIRST_REGISTER + register);
}

function immediate(code: number, chain?: string): { name: string; attributes: Attribute[] } {
  const verdict = nestAttribute(
    DATA.verdict,
    u32beAttribute(VERDICT.code, code),
    ...(chain === undefined ? [] : [textAttribute(VERDICT.chain, chain)]),
  );
  return {
    name: 'immediate',
    attributes: [u32beAttribute(1, VERDICT_REGISTER), nestAttribute(2, verdict)],
  };
}
