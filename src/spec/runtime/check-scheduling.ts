/** Processor time, disk access, processors, memory nodes. */

import { parseNumberList } from '../number-list.ts';
import type { RuntimeSpec } from './spec.ts';

const REAL_TIME = new Set(['SCHED_FIFO', 'SCHED_RR']);
const NODES_MAX = 1024;
/** set_mempolicy(2): modes that name no node, and those that must. */
const WITHOUT_NODES = new Set(['MPOL_DEFAULT', 'MPOL_LOCAL']);
const WITH_NODES = new Set([
  'MPOL_BIND',
  'MPOL_INTERLEAVE',
  'MPOL_WEIGHTED_INTERLEAVE',
  'MPOL_PREFERRED_MANY',
]);

export function scheduler({ process }: RuntimeSpec): string[] {
  const given = process?.scheduler;
  if (given === undefined) return [];
  const at = 'process.scheduler';
  const { policy, nice = 0, priority = 0, runtime = 0, deadline = 0, period = 0 } = given;
  const problems: string[] = [];
  if (policy === 'SCHED_ISO') problems.push(`${at}.policy: Linux has no SCHED_ISO`);
  if (nice < -20 || nice > 19) problems.push(`${at}.nice: ${nice} is not from -20 to 19`);
  if (REAL_TIME.has(policy) && (priority < 1 || priority > 99)) {
    problems.push(`${at}.priority: ${policy} needs one from 1 to 99, got ${priority}`);
  }
  if (!REAL_TIME.has(policy) && priority !== 0) {
    problems.push(`${at}.priority: is for SCHED_FIFO and SCHED_RR only`);
  }
  for (const [field, value] of Object.entries({ runtime, deadline, period })) {
    if (policy !== 'SCHED_DEADLINE' && value !== 0) {
      problems.push(`${at}.${field}: is for SCHED_DEADLINE only`);
    }
  }
  return problems;
}

export function ioPriority({ process }: RuntimeSpec): string[] {
  const priority = process?.ioPriority?.priority ?? 0;
  return priority >= 0 && priority <= 7
    ? []
    : [`process.ioPriority.priority: ${priority} is not from 0 to 7`];
}

export function cpuAffinity({ process }: RuntimeSpec): string[] {
  return (['initial', 'final'] as const).flatMap((field) => {
    const list = process?.execCPUAffinity?.[field] ?? '';
    return parseNumberList(list) === undefined
      ? [`process.execCPUAffinity.${field}: "${list}" is not a list of processors like 0-3,7`]
      : [];
  });
}

export function memoryPolicy({ linux }: RuntimeSpec): string[] {
  const policy = linux?.memoryPolicy;
  if (policy === undefined) return [];
  const { mode, nodes = '', flags = [] } = policy;
  const at = 'linux.memoryPolicy';
  const mask = parseNumberList(nodes);
  if (mask === undefined || mask.length * 8 > NODES_MAX) {
    return [`${at}.nodes: "${nodes}" is not a list of memory nodes like 0-3,7`];
  }
  const problems: string[] = [];
  if (WITHOUT_NODES.has(mode) && mask.length > 0) problems.push(`${at}.nodes: ${mode} takes none`);
  if (WITH_NODES.has(mode) && mask.length === 0) problems.push(`${at}.nodes: ${mode} needs some`);
  if (flags.includes('MPOL_F_STATIC_NODES') && flags.includes('MPOL_F_RELATIVE_NODES')) {
    problems.push(`${at}.flags: nodes are either static or relative`);
  }
  return problems;
}

export function intelRdt({ linux }: RuntimeSpec): string[] {
  const wish = linux?.intelRdt;
  if (wish === undefined) return [];
  const at = 'linux.intelRdt';
  const { closID = '', l3CacheSchema = '', memBwSchema = '', schemata = [] } = wish;
  const problems: string[] = [];
  // A name of one directory: anything more would be somewhere else in the file system.
  if (closID !== '/' && (closID.includes('/') || closID === '.' || closID === '..')) {
    problems.push(`${at}.closID: "${closID}" is no name of a class of service`);
  }
  if (memBwSchema !== '' && !memBwSchema.startsWith('MB:')) {
    problems.push(`${at}.memBwSchema: must start with "MB:"`);
  }
  const lines: [string, string][] = [
    ['l3CacheSchema', l3CacheSchema],
    ['memBwSchema', memBwSchema],
    ...schemata.map((line, index): [string, string] => [`schemata[${index}]`, line]),
  ];
  return [
    ...problems,
    ...lines
      .filter(([, line]) => line.includes('\n'))
      .map(([field]) => `${at}.${field}: contains a line feed`),
  ];
}
