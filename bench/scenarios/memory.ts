/** Memory: what the engine holds at 0, 50 and 200 containers, and what one more container costs in helper processes. */

import { readdirSync, readFileSync } from 'node:fs';
import { run, runAsync } from '../command.ts';
import type { Figure } from '../measure.ts';
import type { EnginePeer } from '../peers/peer.ts';
import type { Row } from '../table.ts';

const steps = [0, 50, 200] as const;

export async function memoryScenarios(peers: readonly EnginePeer[]): Promise<Row[]> {
  const engine = new Map<number, Figure[]>(steps.map((count) => [count, []]));
  const helpers: Figure[] = [];
  for (const peer of peers) {
    const names: string[] = [];
    let note: string | undefined;
    try {
      for (const count of steps) {
        await grow(peer, names, count);
        engine.get(count)?.push(figure(peer.name, residentKiB(peer.enginePids()) / 1024));
      }
      helpers.push(figure(peer.name, helperKiB(peer) / names.length));
    } catch (error) {
      note = error instanceof Error ? error.message : String(error);
      helpers.push({ peer: peer.name, median: undefined, min: Number.NaN, max: Number.NaN, note });
    }
    if (names.length > 0) run([...peer.command, 'rm', '-f', ...names], { env: peer.env });
  }
  return [...steps.map((count) => engineRow(count, engine.get(count) ?? [])), helperRow(helpers)];
}

function engineRow(count: number, figures: Figure[]): Row {
  const bound = count === 200 ? 150 : 90;
  const row: Row = { scenario: `engine, resident, ${count} containers`, unit: 'MiB', figures };
  if (count === 50) return row;
  return {
    ...row,
    budget: { text: `under ${bound} MiB`, met: (f) => (f.get('tiffin') ?? 1e9) < bound },
  };
}

function helperRow(figures: Figure[]): Row {
  return {
    scenario: 'helper process per running container, proportional set size',
    unit: 'KiB',
    figures,
    budget: { text: 'under 300 KiB', met: (f) => (f.get('tiffin') ?? 1e9) < 300 },
  };
}

async function grow(peer: EnginePeer, names: string[], count: number): Promise<void> {
  const waiting = Array.from(
    { length: count - names.length },
    (_, index) => `bench-memory-${names.length + index}`,
  );
  names.push(...waiting);
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const argv = [
          ...peer.command,
          'run',
          '-d',
          '--network',
          'none',
          '--name',
          name,
          peer.image,
          'sleep',
          '1000',
        ];
        await runAsync(argv, { env: peer.env });
      }
    }),
  );
}

function figure(peer: string, value: number): Figure {
  return { peer, median: value, min: value, max: value };
}

function residentKiB(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + field(`/proc/${pid}/status`, 'VmRSS:'), 0);
}

/** The proportional set sizes of all helper processes of this peer, added up. */
function helperKiB(peer: EnginePeer): number {
  const helpers = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => peer.helpers.some((prefix) => commandOf(pid).startsWith(prefix)));
  if (helpers.length === 0) throw new Error(`no process is named ${peer.helpers.join(' or ')}`);
  return helpers.reduce((sum, pid) => sum + field(`/proc/${pid}/smaps_rollup`, 'Pss:'), 0);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return '';
  }
}

function field(path: string, name: string): number {
  try {
    const line = readFileSync(path, 'utf8')
      .split('\n')
      .find((each) => each.startsWith(name));
    return Number(/\d+/.exec(line ?? '')?.[0] ?? 0);
  } catch {
    return 0;
  }
}
