/** runc's statistics from the v2 hierarchy, under the names of v1. */

import { readExact, readExactFields, readLines } from './flat-file.ts';
import { type Exact, memoryEntry, present } from './runc-stats.ts';

const NS_PER_US = 1000n;
/** How runc writes `max`: the largest uint64. */
const NO_LIMIT = 2n ** 64n - 1n;

export function v2CpuUsage(path: string): Exact {
  const fields = readExactFields(`${path}/cpu.stat`);
  const ns = (name: string) => (fields.get(name) ?? 0n) * NS_PER_US;
  return {
    usage: {
      ...present({ total: ns('usage_usec') }),
      kernel: ns('system_usec'),
      user: ns('user_usec'),
    },
    throttling: present({
      periods: fields.get('nr_periods'),
      throttledPeriods: fields.get('nr_throttled'),
      throttledTime: ns('throttled_usec'),
    }),
    ...pressure(path, 'cpu'),
  };
}

export function v2MemoryUsage(path: string): Exact {
  const raw = readExactFields(`${path}/memory.stat`);
  const usage = readExact(`${path}/memory.current`) ?? 0n;
  const limit = readLimit(`${path}/memory.max`);
  const swapLimit = readLimit(`${path}/memory.swap.max`);
  return {
    ...present({ cache: raw.get('file') }),
    usage: memoryEntry({ usage, limit, max: readExact(`${path}/memory.peak`) }),
    // Together with memory, as v1 counts it.
    swap: memoryEntry({
      usage: usage + (readExact(`${path}/memory.swap.current`) ?? 0n),
      limit: swapLimit === NO_LIMIT || limit === NO_LIMIT ? NO_LIMIT : swapLimit + limit,
    }),
    kernel: memoryEntry({}),
    kernelTCP: memoryEntry({}),
    raw: Object.fromEntries(raw),
    ...pressure(path, 'memory'),
  };
}

function readLimit(path: string): bigint {
  return readLines(path)[0]?.[0] === 'max' ? NO_LIMIT : (readExact(path) ?? 0n);
}

/** Key of io.stat → list of the event and operation. */
const IO = [
  ['rbytes', 'ioServiceBytesRecursive', 'Read'],
  ['wbytes', 'ioServiceBytesRecursive', 'Write'],
  ['rios', 'ioServicedRecursive', 'Read'],
  ['wios', 'ioServicedRecursive', 'Write'],
] as const;

/** Lines `8:0 rbytes=4096 wbytes=0 rios=1 …`. */
export function v2Blkio(path: string): Exact {
  const lists = { ioServiceBytesRecursive: [] as Exact[], ioServicedRecursive: [] as Exact[] };
  for (const [device = '', ...pairs] of readLines(`${path}/io.stat`)) {
    const match = /^(\d{1,9}):(\d{1,9})$/.exec(device);
    if (match === null) continue;
    const [major, minor] = [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0)];
    for (const [key, list, op] of IO) {
      const pair = pairs.find((candidate) => candidate.startsWith(`${key}=`));
      const value = pair?.slice(key.length + 1) ?? '';
      if (!/^\d{1,20}$/.test(value)) continue;
      lists[list].push(present({ major, minor, op, value: BigInt(value) }));
    }
  }
  return { ...present(lists), ...pressure(path, 'io') };
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same for `full`; nothing where the kernel does not tell. */
function pressure(path: string, controller: string): { psi?: Exact } {
  const lines = readLines(`${path}/${controller}.pressure`);
  if (lines.length === 0) return {};
  const psi = lines.map(([kind = '', ...pairs]) => {
    const values = pairs.map((pair): [string, number] => {
      const [name = '', value] = pair.split('=');
      return [name, Number(value)];
    });
    return [kind, Object.fromEntries(values)] as const;
  });
  return { psi: Object.fromEntries(psi) };
}
