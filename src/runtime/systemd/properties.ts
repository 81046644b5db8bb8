/** Limits as properties of a unit: systemd.resource-control(5), org.freedesktop.systemd1(5). */

import { TiffinError } from '../../base/errors.ts';
import { ioWeight } from '../../cgroup/blkio.ts';
import { weightOfShares } from '../../cgroup/cpu.ts';
import type { Value, Variant } from '../../dbus/values.ts';
import type { LinuxCpu, LinuxMemory, LinuxResources } from '../../spec/runtime/index.ts';

/** In the form in which systemd takes them: name and value. */
export type Property = readonly [name: string, value: Variant];

export interface ManagerFacts {
  /** 252. */
  version: number;
  /** The unified hierarchy alone. */
  unified: boolean;
}

/** systemd's `infinity`. */
const INFINITY = 0xffff_ffff_ffff_ffffn;
const DEFAULT_PERIOD = 100_000;
/** systemd keeps time quotas per second in steps of this. */
const QUOTA_STEP = 10_000;
const MICROSECONDS = 1_000_000;

/** Since which version systemd knows a property that is not of old; what it does not know is left to the kernel's files. */
const SINCE: ReadonlyMap<string, number> = new Map([
  ['CPUQuotaPeriodUSec', 242],
  ['AllowedCPUs', 244],
  ['AllowedMemoryNodes', 244],
]);

export function limitProperties(resources: LinuxResources, manager: ManagerFacts): Property[] {
  const properties = manager.unified ? unifiedLimits(resources) : legacyLimits(resources);
  return properties.filter(([name]) => manager.version >= (SINCE.get(name) ?? 0));
}

export function property(name: string, signature: string, value: Value): Property {
  return [name, { signature, value }];
}

function unifiedLimits(resources: LinuxResources): Property[] {
  const { cpu, memory, blockIO } = resources;
  return [
    ...unifiedMemory(memory),
    ...cpuWeight(cpu),
    ...quota(cpu),
    ...(cpu?.cpus ? [bits('AllowedCPUs', cpu.cpus)] : []),
    ...(cpu?.mems ? [bits('AllowedMemoryNodes', cpu.mems)] : []),
    ...(blockIO?.weight ? [number('IOWeight', ioWeight(blockIO.weight))] : []),
    ...tasks(resources),
    ...unifiedFiles(resources.unified),
  ];
}

function legacyLimits(resources: LinuxResources): Property[] {
  const { cpu, memory, blockIO } = resources;
  return [
    ...(memory?.limit ? [size('MemoryLimit', memory.limit)] : []),
    ...(cpu?.shares ? [number('CPUShares', cpu.shares)] : []),
    ...quota(cpu),
    ...(blockIO?.weight ? [number('BlockIOWeight', blockIO.weight)] : []),
    ...tasks(resources),
  ];
}

function unifiedMemory(memory: LinuxMemory = {}): Property[] {
  const { limit = 0, reservation = 0, swap = 0 } = memory;
  const properties: Property[] = [];
  if (limit !== 0) properties.push(size('MemoryMax', limit));
  if (reservation !== 0) properties.push(size('MemoryLow', reservation));
  if (swap < 0 || (swap === 0 && limit === -1)) properties.push(size('MemorySwapMax', -1));
  else if (swap > 0 && limit > 0) properties.push(size('MemorySwapMax', swap - limit));
  return properties;
}

/** 0 is systemd's word for the idle class, which has no weight. */
function cpuWeight(cpu: LinuxCpu = {}): Property[] {
  if (cpu.idle === 1) return [number('CPUWeight', 0)];
  return cpu.shares ? [number('CPUWeight', weightOfShares(cpu.shares))] : [];
}

function quota(cpu: LinuxCpu = {}): Property[] {
  const { quota = 0, period = 0 } = cpu;
  const properties: Property[] = [];
  if (period !== 0) properties.push(number('CPUQuotaPeriodUSec', period));
  if (quota === 0 && period === 0) return [];
  if (quota <= 0) return [...properties, property('CPUQuotaPerSecUSec', 't', INFINITY)];
  const perSecond = (quota * MICROSECONDS) / (period || DEFAULT_PERIOD);
  const stepped = Math.ceil(perSecond / QUOTA_STEP) * QUOTA_STEP;
  return [...properties, number('CPUQuotaPerSecUSec', stepped)];
}

function tasks({ pids }: LinuxResources): Property[] {
  if (pids === undefined) return [];
  return [pids.limit > 0 ? number('TasksMax', pids.limit) : size('TasksMax', -1)];
}

/** Files of the unified hierarchy that are limits of systemd too; the others it leaves alone. */
const FILES: ReadonlyMap<string, (text: string) => Property[]> = new Map([
  ['cpu.weight', (text) => [number('CPUWeight', integer('cpu.weight', text))]],
  ['cpu.idle', (text) => (text.trim() === '1' ? [number('CPUWeight', 0)] : [])],
  ['cpu.max', cpuMax],
  ['cpuset.cpus', (text) => [bits('AllowedCPUs', text)]],
  ['cpuset.mems', (text) => [bits('AllowedMemoryNodes', text)]],
  ...(
    [
      ['memory.min', 'MemoryMin'],
      ['memory.low', 'MemoryLow'],
      ['memory.high', 'MemoryHigh'],
      ['memory.max', 'MemoryMax'],
      ['memory.swap.max', 'MemorySwapMax'],
      ['pids.max', 'TasksMax'],
    ] as const
  ).map(
    ([file, name]) => [file, (text: string) => [size(name, integerOrMax(file, text))]] as const,
  ),
]);

function unifiedFiles(files: Readonly<Record<string, string>> = {}): Property[] {
  return Object.entries(files).flatMap(([file, text]) => FILES.get(file)?.(text) ?? []);
}

function cpuMax(text: string): Property[] {
  const [max = '', period = ''] = text.trim().split(/\s+/);
  const limits = {
    quota: integerOrMax('cpu.max', max),
    ...(period === '' ? {} : { period: integer('cpu.max', period) }),
  };
  return quota(limits);
}

/** `0-3,7` as a set of bits, bit 0 of the first byte first. */
function bits(name: string, list: string): Property {
  const set: number[] = [];
  for (const part of list.split(',')) {
    const [first = Number.NaN, last = first] = part.trim().split('-').map(decimal);
    // Written so that what is not a number is refused too.
    if (!(first >= 0 && last >= first && last < MAX_BITS)) throw notLimit(name, list);
    for (let bit = first; bit <= last; bit += 1) {
      set[bit >> 3] = (set[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return property(
    name,
    'ay',
    Uint8Array.from({ length: set.length }, (_, at) => set[at] ?? 0),
  );
}

/** More than any kernel counts processors. */
const MAX_BITS = 8192;

function size(name: string, value: number): Property {
  return property(name, 't', value < 0 ? INFINITY : BigInt(value));
}

function number(name: string, value: number): Property {
  return property(name, 't', BigInt(value));
}

function integerOrMax(file: string, text: string): number {
  return text.trim() === 'max' ? -1 : integer(file, text);
}

function integer(file: string, text: string): number {
  const value = decimal(text.trim());
  if (Number.isNaN(value)) throw notLimit(`linux.resources.unified.${file}`, text);
  return value;
}

function decimal(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function notLimit(name: string, text: string): TiffinError {
  return new TiffinError(
    'invalid',
    'limit-refused',
    `${name}: systemd cannot take ${JSON.stringify(text.slice(0, 64))}`,
  );
}
