/** What every controller file gives: OCI limits in, writes to files of the container's cgroup out. */

import type { HostFacts } from '../host/facts.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';

/** One write(2) to a file in the container's directory of a hierarchy. */
export interface CgroupWrite {
  file: string;
  data: string;
  /** Errno values that count as success. */
  ignore?: readonly number[];
  why: string;
}

export interface LimitContext {
  facts: HostFacts;
  /** update: limits are in force already, so the order of raising and lowering matters. */
  when: 'create' | 'update';
}

/** Turns one part of `linux.resources` into writes, in order. Throws `invalid` and `unsupported`. */
export type LimitWriter = (resources: LinuxResources, context: LimitContext) => CgroupWrite[];

export interface Controller {
  /** Name of the controller in the v1 hierarchies. */
  v1Name: string;
  /** Name in cgroup.controllers; undefined: v2 does not have it. */
  v2Name: string | undefined;
  v1: LimitWriter;
  v2: LimitWriter;
}

export const ENOENT = 2;
export const EBUSY = 16;
export const EINVAL = 22;
export const EOPNOTSUPP = 95;

export function write(
  file: string,
  data: string | number,
  why: string,
  ignore?: readonly number[],
): CgroupWrite {
  const text = String(data);
  return ignore === undefined ? { file, data: text, why } : { file, data: text, why, ignore };
}

/** A byte count as v1 takes it: -1 is unlimited. */
export function v1Limit(value: number): string {
  return value < 0 ? '-1' : String(value);
}

/** A count as v2 takes it: `max` is unlimited. */
export function v2Limit(value: number): string {
  return value < 0 ? 'max' : String(value);
}
