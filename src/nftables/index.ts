/**
 * An nftables table as data, and the netlink batches that make, change and delete it.
 *
 *   encodeBatch([...replaceTable(table), addElements(table, 'ports', […])])   →   bytes of a `netlink` operation
 */

export { type ConnectionFilter, forgetConnections } from './conntrack.ts';
export { addElements, deleteElements, deleteTable, encodeBatch, replaceTable } from './messages.ts';
export {
  type Chain,
  type Expression,
  type Field,
  type Hook,
  interfaceName,
  type Rule,
  type SetDefinition,
  type SetElement,
  subnetElements,
  type Table,
  type TableName,
} from './ruleset.ts';

/** `protocol` operand of a `netlink` operation. */
export const NETLINK_NETFILTER = 12;
