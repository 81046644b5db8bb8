/** An nftables table as data: sets, maps, chains and rules. The words are those of nft(8). */

/** What one part of a set's key or of a map's value holds; a list of them is a concatenation. */
export type Field = 'address4' | 'address6' | 'ether' | 'protocol' | 'service' | 'interface';

export interface SetDefinition {
  readonly name: string;
  readonly key: readonly Field[];
  /** Present: a map. */
  readonly value?: readonly Field[];
  /** Elements are ranges; only with a key of one field. */
  readonly interval?: boolean;
}

export interface SetElement {
  /** One array per field, network order; interface names as `interfaceName` makes them. */
  readonly key: readonly Uint8Array[];
  readonly value?: readonly Uint8Array[];
  /** The first key behind a range: `subnetElements` makes both. */
  readonly rangeEnd?: boolean;
}

export interface Hook {
  readonly type: 'filter' | 'nat';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
  /** -300 raw, -100 dstnat, 0 filter, 100 srcnat. */
  readonly priority: number;
}

export interface Chain {
  readonly name: string;
  /** Absent: a chain that others jump to. The policy of a hooked one is accept. */
  readonly hook?: Hook;
  readonly rules: readonly Rule[];
}

/** An address family and a name: `inet` tables see IPv4 and IPv6, `bridge` tables the frames of bridges. */
export interface TableName {
  readonly family: 'inet' | 'ip' | 'ip6' | 'bridge';
  readonly name: string;
}

export interface Table extends TableName {
  readonly sets: readonly SetDefinition[];
  readonly chains: readonly Chain[];
}

/** Expressions in order; the first that does not match ends the rule. */
export type Rule = readonly Expression[];

/**
 * Registers are of 32 bits and count from 0 to 15; an operand takes as many as it needs.
 * Addresses and ports are in network order, conntrack bits and address types in host order.
 */
export type Expression =
  | { readonly kind: 'meta'; readonly key: MetaKey; readonly register: number }
  | ({ readonly kind: 'payload'; readonly register: number } & PayloadPlace)
  | { readonly kind: 'value'; readonly register: number; readonly value: Uint8Array }
  /** Writes a register into the packet; `checksum`: where the transport's own stands, to be put right. */
  | ({
      readonly kind: 'set-payload';
      readonly register: number;
      readonly checksum: number;
    } & PayloadPlace)
  | { readonly kind: 'conntrack'; readonly key: 'state' | 'status'; readonly register: number }
  | {
      readonly kind: 'fib';
      readonly key: 'source-type' | 'destination-type';
      readonly register: number;
    }
  | { readonly kind: 'bits'; readonly register: number; readonly mask: Uint8Array }
  | {
      readonly kind: 'compare';
      readonly register: number;
      readonly not?: boolean;
      readonly value: Uint8Array;
    }
  | {
      readonly kind: 'lookup';
      readonly set: string;
      readonly register: number;
      readonly not?: boolean;
      readonly into?: number;
    }
  | { readonly kind: 'counter' }
  | { readonly kind: 'verdict'; readonly verdict: 'accept' | 'drop' | 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | {
      readonly kind: 'dnat';
      readonly family: 'ip' | 'ip6';
      readonly address: number;
      readonly port: number;
    }
  | { readonly kind: 'masquerade' };

export type MetaKey = 'ethertype' | 'input-name' | 'output-name' | 'family' | 'protocol';

export interface PayloadPlace {
  readonly base: 'link' | 'network' | 'transport';
  /** Bytes from the header's start. */
  readonly offset: number;
  readonly length: number;
}

const INTERFACE_NAME_BYTES = 16;

/** The 16 bytes that the kernel compares. */
export function interfaceName(name: string): Uint8Array {
  const bytes = new Uint8Array(INTERFACE_NAME_BYTES);
  new TextEncoder().encodeInto(name, bytes.subarray(0, INTERFACE_NAME_BYTES - 1));
  return bytes;
}

/** The two elements of a subnet in an interval set: its first address and the first one behind it. */
export function subnetElements(network: Uint8Array, prefix: number): SetElement[] {
  const end = network.slice();
  let carry = true;
  const last = Math.ceil(prefix / 8) - 1;
  for (let at = last; at >= 0 && carry; at -= 1) {
    const step = at === last ? 1 << (7 - ((prefix - 1) % 8)) : 1;
    const sum = (end[at] ?? 0) + step;
    end[at] = sum & 0xff;
    carry = sum > 0xff;
  }
  // A range up to the last address has no end element.
  return carry ? [{ key: [network] }] : [{ key: [network] }, { key: [end], rangeEnd: true }];
}
