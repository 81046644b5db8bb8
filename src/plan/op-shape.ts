/** What a row of the vocabulary of operations looks like. */

/** How one operand is written on the wire and what TypeScript holds. */
export type FieldKind = 'u32' | 'u64' | 'str' | 'bytes' | 'strs' | 'u32s';

export interface FieldTypes {
  u32: number;
  u64: bigint;
  /** UTF-8, no NUL inside. */
  str: string;
  bytes: Uint8Array;
  strs: readonly string[];
  u32s: readonly number[];
}

export interface OpShape {
  readonly code: number;
  /** The manual page or kernel document that defines what the operation does. */
  readonly man: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
}
