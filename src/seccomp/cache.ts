/**
 * Compiled filters as files. A runtime that is started anew for every container would compile in code that has never run before,
 * which takes ten times as long as it does in a process that lives on; reading a file takes a fraction of it.
 */

import { mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LinuxSeccomp } from '../spec/runtime/seccomp.ts';
import type { NativeArchitecture } from './architectures.ts';
import { type CompiledSeccomp, NEW_LISTENER } from './compile.ts';

/** To be raised whenever the same profile compiles to something else. */
export const COMPILER_VERSION = 3;

/** Flags and length of the filter, so that a file cut short is noticed. */
const HEAD_BYTES = 8;

/** The file for a profile: a name that depends on everything that decides the filter. */
export function cacheFile(
  directory: string,
  profile: LinuxSeccomp,
  native: NativeArchitecture,
): string {
  const hasher = new Bun.CryptoHasher('sha256');
  hasher.update(`${COMPILER_VERSION} ${native} ${JSON.stringify(profile, plain)}`);
  return join(directory, hasher.digest('hex'));
}

/** JSON has no form for a bigint; the text differs from every number that a profile can hold. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

/** The filter in the file, or undefined when there is none or it is cut short. */
export function readCached(file: string): CompiledSeccomp | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return undefined;
  }
  if (bytes.length <= HEAD_BYTES) return undefined;
  const filter = new Uint8Array(bytes.subarray(HEAD_BYTES));
  if (bytes.readUInt32LE(4) !== filter.length) return undefined;
  const flags = bytes.readUInt32LE(0);
  return { flags, filter, notifies: (flags & NEW_LISTENER) !== 0 };
}

/** Keeps a filter, by rename, readable by its owner only. A failure costs the next launch some time, and nothing else. */
export function writeCached(file: string, directory: string, compiled: CompiledSeccomp): void {
  const bytes = Buffer.alloc(HEAD_BYTES + compiled.filter.length);
  bytes.writeUInt32LE(compiled.flags, 0);
  bytes.writeUInt32LE(compiled.filter.length, 4);
  bytes.set(compiled.filter, HEAD_BYTES);
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(temporary, bytes, { mode: 0o400, flag: 'wx' });
    renameSync(temporary, file);
  } catch {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made.
    }
  }
}
