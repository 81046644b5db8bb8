/** libseccomp's filter for a profile, through a small C program that is compiled when a test asks for it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LinuxSeccomp, LinuxSeccompArg } from '../../spec/runtime/seccomp.ts';
import { returnValue } from '../actions.ts';
import { admittedArchitectures, type NativeArchitecture } from '../architectures.ts';
import { namedRules } from '../rules.ts';

/** enum scmp_compare. */
const OPERATORS: Readonly<Record<LinuxSeccompArg['op'], number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};

export class Libseccomp implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tiffin-seccomp-'));

  constructor() {
    const source = join(import.meta.dir, 'export-bpf.c');
    const cc = Bun.spawnSync(['cc', '-o', this.#program, source, '-lseccomp']);
    if (!cc.success) throw new Error(`cannot compile ${source}: ${cc.stderr}`);
  }

  /** The filter in BPF: a chain with `optimize` 1, a tree with 2. */
  compile(
    profile: LinuxSeccomp,
    native: NativeArchitecture = 'x86_64',
    optimize: 1 | 2 = 1,
  ): Uint8Array {
    const stdin = Buffer.from(describe(profile, native, optimize));
    const run = Bun.spawnSync([this.#program], { stdin });
    if (!run.success) throw new Error(`libseccomp refused: ${run.stderr}`);
    return new Uint8Array(run.stdout);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }

  get #program(): string {
    return join(this.#directory, 'export-bpf');
  }
}

function describe(profile: LinuxSeccomp, native: NativeArchitecture, optimize: number): string {
  const otherwise = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const lines = [`default ${otherwise}`, `optimize ${optimize}`, `native ${native}`];
  for (const name of admittedArchitectures(profile.architectures ?? [], native)) {
    if (name !== native) lines.push(`arch ${name}`);
  }
  for (const { names, answer, conditions } of namedRules(profile, otherwise)) {
    const args = conditions.map(
      ({ index, op, value, second }) =>
        ` ${index} ${OPERATORS[op]} ${whole(value)} ${whole(second)}`,
    );
    for (const name of names) lines.push(`rule ${answer} ${name} ${args.length}${args.join('')}`);
  }
  return `${lines.join('\n')}\n`;
}

function whole({ high, low }: { high: number; low: number }): bigint {
  return (BigInt(high) << 32n) + BigInt(low);
}
