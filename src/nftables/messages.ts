/** What can be done to a table, as messages of one batch: the kernel takes all of them or none. */

import { ByteWriter } from '../base/bytes.ts';
import {
  type Attribute,
  bytesAttribute,
  encodeMessages,
  type NetlinkMessage,
  NLM,
  nestAttribute,
  textAttribute,
  u32beAttribute,
} from '../base/netlink.ts';
import {
  BATCH_BEGIN,
  BATCH_END,
  CHAIN,
  ELEMENT,
  ELEMENT_RANGE_END,
  ELEMENTS,
  FAMILY,
  FIELD,
  FIELD_TYPE_BITS,
  HOOK,
  HOOK_NUMBER,
  LIST_ELEMENT,
  MESSAGE,
  RULE,
  SET,
  SET_FLAG,
  SUBSYSTEM,
  TABLE,
} from './constants.ts';
import { encodeExpression, valueAttribute } from './expression.ts';
import type { Chain, Field, Rule, SetDefinition, SetElement, Table, TableName } from './ruleset.ts';

const POLICY_ACCEPT = 1;
/** A note of nft(8) to itself, without which it cannot print a set of interface names. */
const KEY_BYTE_ORDER = 0;
const BYTE_ORDER = { host: 1, network: 2 } as const;

/** The bytes of a `netlink` operation: one transaction. */
export function encodeBatch(messages: readonly NetlinkMessage[]): Uint8Array {
  const edge = (type: number): NetlinkMessage => ({
    type,
    flags: 0,
    header: familyHeader(0, SUBSYSTEM),
    attributes: [],
  });
  return encodeMessages([edge(BATCH_BEGIN), ...messages, edge(BATCH_END)]).bytes;
}

/**
 * Gives the table the rules, chains and sets of `table`, whatever rules it held before, and empties the sets in `emptied`.
 * Elements of other sets stay.
 */
export function replaceTable(table: Table, emptied: readonly string[]): NetlinkMessage[] {
  return [
    message(table, MESSAGE.newTable, NLM.create, [textAttribute(TABLE.name, table.name)]),
    ...table.chains.map((chain) => newChain(table, chain)),
    message(table, MESSAGE.deleteRule, 0, [textAttribute(RULE.table, table.name)]),
    ...table.sets.map((set, index) => newSet(table, set, index + 1)),
    ...emptied.map((set) => elementMessage(table, MESSAGE.deleteElement, set, undefined)),
    ...table.chains.flatMap((chain) => chain.rules.map((rule) => newRule(table, chain, rule))),
  ];
}

/** Fails with ENOENT when there is no such table. */
export function deleteTable(table: TableName): NetlinkMessage {
  return message(table, MESSAGE.deleteTable, 0, [textAttribute(TABLE.name, table.name)]);
}

/** An element that is there already is success; one with another value is EEXIST. */
export function addElements(
  table: TableName,
  set: string,
  elements: readonly SetElement[],
): NetlinkMessage {
  return elementMessage(table, MESSAGE.newElement, set, elements);
}

/** Fails with ENOENT when one of them is missing. */
export function deleteElements(
  table: TableName,
  set: string,
  elements: readonly SetElement[],
): NetlinkMessage {
  return elementMessage(table, MESSAGE.deleteElement, set, elements);
}

function newChain(table: TableName, { name, hook }: Chain): NetlinkMessage {
  const attributes = [textAttribute(CHAIN.table, table.name), textAttribute(CHAIN.name, name)];
  if (hook !== undefined) {
    attributes.push(
      nestAttribute(
        CHAIN.hook,
        u32beAttribute(HOOK.number, HOOK_NUMBER[hook.hook]),
        u32beAttribute(HOOK.priority, hook.priority),
      ),
      u32beAttribute(CHAIN.policy, POLICY_ACCEPT),
      textAttribute(CHAIN.type, hook.type),
    );
  }
  return message(table, MESSAGE.newChain, NLM.create, attributes);
}

function newRule(table: TableName, chain: Chain, rule: Rule): NetlinkMessage {
  return message(table, MESSAGE.newRule, NLM.create | NLM.append, [
    textAttribute(RULE.table, table.name),
    textAttribute(RULE.chain, chain.name),
    nestAttribute(RULE.expressions, ...rule.map(encodeExpression)),
  ]);
}

function newSet(table: TableName, set: SetDefinition, id: number): NetlinkMessage {
  const { name, key, value, interval } = set;
  const order = key.includes('interface') ? BYTE_ORDER.host : BYTE_ORDER.network;
  const flags = (interval === true ? SET_FLAG.interval : 0) | (value ? SET_FLAG.map : 0);
  const attributes = [
    textAttribute(SET.table, table.name),
    textAttribute(SET.name, name),
    u32beAttribute(SET.flags, flags),
    u32beAttribute(SET.keyType, fieldsType(key)),
    u32beAttribute(SET.keyLength, fieldsLength(key)),
    u32beAttribute(SET.id, id),
    bytesAttribute(SET.userData, Uint8Array.of(KEY_BYTE_ORDER, 4, order, 0, 0, 0)),
  ];
  if (value !== undefined) {
    attributes.push(
      u32beAttribute(SET.dataType, fieldsType(value)),
      u32beAttribute(SET.dataLength, fieldsLength(value)),
    );
  }
  return message(table, MESSAGE.newSet, NLM.create, attributes);
}

/** Without elements: all of the set's. */
function elementMessage(
  table: TableName,
  type: number,
  set: string,
  elements: readonly SetElement[] | undefined,
): NetlinkMessage {
  const attributes = [textAttribute(ELEMENTS.table, table.name), textAttribute(ELEMENTS.set, set)];
  if (elements !== undefined) {
    attributes.push(nestAttribute(ELEMENTS.elements, ...elements.map(elementAttribute)));
  }
  return message(table, type, type === MESSAGE.newElement ? NLM.create : 0, attributes);
}

function elementAttribute({ key, value, rangeEnd }: SetElement): Attribute {
  const attributes = [valueAttribute(ELEMENT.key, concatenate(key))];
  if (value !== undefined) attributes.push(valueAttribute(ELEMENT.data, concatenate(value)));
  if (rangeEnd === true) attributes.push(u32beAttribute(ELEMENT.flags, ELEMENT_RANGE_END));
  return nestAttribute(LIST_ELEMENT, ...attributes);
}

function message(
  table: TableName,
  type: number,
  flags: number,
  attributes: readonly Attribute[],
): NetlinkMessage {
  return {
    type: (SUBSYSTEM << 8) | type,
    flags: flags | NLM.ack,
    header: familyHeader(FAMILY[table.family], 0),
    attributes,
  };
}

/** struct nfgenmsg. */
function familyHeader(family: number, resource: number): Uint8Array {
  return new ByteWriter().u8(family).u8(0).u16be(resource).finish();
}

function fieldsType(fields: readonly Field[]): number {
  return fields.reduce((type, field) => (type << FIELD_TYPE_BITS) | FIELD[field].type, 0);
}

/** Parts of a concatenation fill whole registers; a lone one does not. */
function fieldsLength(fields: readonly Field[]): number {
  if (fields.length === 1) return fields.reduce((_, field) => FIELD[field].length, 0);
  return fields.reduce((length, field) => length + Math.ceil(FIELD[field].length / 4) * 4, 0);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const part of parts) {
    writer.bytes(part);
    if (parts.length > 1) writer.pad(4);
  }
  return writer.finish();
}
