/** Names in the kernel that several engines on one host must not share; the default data root has the plain ones. */

import { createHash } from 'node:crypto';

export interface Instance {
  /** Of the nftables table. */
  table: string;
  /** Of the default network's bridge. */
  bridge: string;
  /** A number that differs between data roots, for spreading first choices. */
  spread: number;
}

const DEFAULT_ROOT = '/var/lib/tiffin';
const DIGITS = 8;

export function instanceOf(dataRoot: string): Instance {
  if (dataRoot === DEFAULT_ROOT) return { table: 'tiffin', bridge: 'tiffin0', spread: 0 };
  const hash = createHash('sha256').update(dataRoot).digest('hex').slice(0, DIGITS);
  // IFNAMSIZ leaves 15 characters: six, a dash and the eight digits.
  return {
    table: `tiffin_${hash}`,
    bridge: `tiffin-${hash}`,
    spread: Number.parseInt(hash, 16),
  };
}
