/** The seed corpus of the decoder's fuzz target (shim/fuzz.c): every operation, whole plans, account tables. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeOp, encodePlan } from '../../src/plan/encode.ts';
import type { FieldKind, Op, OpName } from '../../src/plan/ops.ts';
import { OPS } from '../../src/plan/ops.ts';

const STEP_HEAD_BYTES = 8;
const VALUES: Record<FieldKind, unknown> = {
  u32: 7,
  u64: 1n << 40n,
  str: '/a/path',
  bytes: Uint8Array.of(1, 2, 3, 4),
  strs: ['one', '', 'three'],
  u32s: [1, 2],
};
const TABLES: readonly (readonly [string, string])[] = [
  ['web', 'root:x:0:0::/root:/bin/sh\nweb:x:101:102:Web,,:/srv:/bin/false\n'],
  ['1000', 'a:x:1000:4294967295::/:\n1000:x:0:0::/:\nb:x:1000:5::/home/b:'],
  ['more', 'web:x:102:\nmore:*:103:a,web,,b\n::::\n-:x:-1:-1'],
];

const prefixed = (kind: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([Buffer.from(kind), ...parts]);

/** Writes the corpus and gives its files. */
export function writeSeeds(directory: string): string[] {
  mkdirSync(directory, { recursive: true });
  const ops = (Object.keys(OPS) as OpName[]).map((name) => {
    const fields = Object.entries<FieldKind>(OPS[name].fields);
    return { op: name, ...Object.fromEntries(fields.map(([f, kind]) => [f, VALUES[kind]])) } as Op;
  });
  const plan = ops.map((op) => ({ stage: 'inside', op, why: '' }) as const);
  const seeds: Uint8Array[] = [
    prefixed('P', encodePlan(plan)),
    prefixed('P', encodePlan([])),
    ...plan.map((step) => prefixed('P', encodePlan([step], { index: 0, errno: 5 }))),
    ...ops.map((op) => {
      const bytes = encodeOp(op, 'host');
      return prefixed('O', bytes.subarray(0, 2), bytes.subarray(STEP_HEAD_BYTES));
    }),
    ...TABLES.map(([name, table]) =>
      prefixed('U', Uint8Array.of(name.length), Buffer.from(name + table)),
    ),
  ];
  return seeds.map((bytes, index) => {
    const path = join(directory, `seed-${index}`);
    writeFileSync(path, bytes);
    return path;
  });
}
