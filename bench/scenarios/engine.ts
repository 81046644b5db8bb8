/** What a person at a shell waits for: run, exec, and how many starts a second an engine takes. */

import { run, runAsync } from '../command.ts';
import { takeTurns } from '../measure.ts';
import type { EnginePeer } from '../peers/peer.ts';
import type { Row } from '../table.ts';

export async function engineScenarios(
  peers: readonly EnginePeer[],
  rounds: number,
): Promise<Row[]> {
  return [
    await runRemove(peers, rounds),
    await exec(peers, rounds),
    await startsPerSecond(peers, 1, 12),
    await startsPerSecond(peers, 8, 48),
  ];
}

async function runRemove(peers: readonly EnginePeer[], rounds: number): Promise<Row> {
  const contenders = peers.map((peer) => ({
    peer: peer.name,
    once: () => void run([...peer.command, 'run', '--rm', peer.image, 'true'], { env: peer.env }),
  }));
  const tenth = (f: ReadonlyMap<string, number>, peer: string) =>
    (f.get('tiffin') ?? 1e9) <= (f.get(peer) ?? 0) / 10;
  return {
    scenario: 'run --rm of true, bridge network, from a shell',
    unit: 'ms',
    figures: await takeTurns(contenders, rounds),
    budget: {
      text: 'at most a tenth of docker and podman',
      met: (f) => tenth(f, 'docker') && tenth(f, 'podman'),
    },
  };
}

async function exec(peers: readonly EnginePeer[], rounds: number): Promise<Row> {
  for (const peer of peers) {
    run([...peer.command, 'run', '-d', '--name', 'bench-exec', peer.image, 'sleep', '1000'], {
      env: peer.env,
    });
  }
  try {
    const contenders = peers.map((peer) => ({
      peer: peer.name,
      once: () => void run([...peer.command, 'exec', 'bench-exec', 'true'], { env: peer.env }),
    }));
    return {
      scenario: 'exec of true',
      unit: 'ms',
      figures: await takeTurns(contenders, rounds),
      budget: {
        text: 'at most a fifth of docker exec',
        met: (f) => (f.get('tiffin') ?? 1e9) <= (f.get('docker') ?? 0) / 5,
      },
    };
  } finally {
    for (const peer of peers) run([...peer.command, 'rm', '-f', 'bench-exec'], { env: peer.env });
  }
}

/** Detached starts from `clients` shells side by side; the figure is a rate, so one round counts many starts. */
async function startsPerSecond(
  peers: readonly EnginePeer[],
  clients: number,
  total: number,
): Promise<Row> {
  const figures = [];
  for (const peer of peers) {
    const rates: number[] = [];
    let note: string | undefined;
    try {
      for (let round = 0; round < 3; round += 1) rates.push(await startRate(peer, clients, total));
    } catch (error) {
      note = error instanceof Error ? error.message : String(error);
    }
    const sorted = rates.toSorted((a, b) => a - b);
    const figure = {
      peer: peer.name,
      median: note === undefined ? sorted[1] : undefined,
      min: sorted[0] ?? 0,
      max: sorted.at(-1) ?? 0,
    };
    figures.push(note === undefined ? figure : { ...figure, note });
  }
  const row: Row = {
    scenario: `run -d, ${clients} at a time`,
    unit: 'starts/s',
    higherIsBetter: true,
    figures,
  };
  return clients === 8
    ? { ...row, budget: { text: 'at least 150', met: (f) => (f.get('tiffin') ?? 0) >= 150 } }
    : row;
}

async function startRate(peer: EnginePeer, clients: number, total: number): Promise<number> {
  const names = Array.from({ length: total }, (_, index) => `bench-start-${index}`);
  const waiting = [...names];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        await runAsync(
          [...peer.command, 'run', '-d', '--name', name, peer.image, 'sleep', '1000'],
          { env: peer.env },
        );
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  run([...peer.command, 'rm', '-f', ...names], { env: peer.env });
  return total / seconds;
}
