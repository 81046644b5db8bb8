/** A large image from a registry on loopback, in one layer and in five, until its first container has run. */

import { readFileSync, writeFileSync } from 'node:fs';
import { run } from '../command.ts';
import { writeLargeImage } from '../large-image.ts';
import { type Contender, type Figure, takeTurns } from '../measure.ts';
import type { EnginePeer } from '../peers/peer.ts';
import { type BenchRegistry, startRegistry } from '../registry.ts';
import type { Row } from '../table.ts';

const ROUNDS = 3;

export async function pullScenarios(peers: readonly EnginePeer[], work: string): Promise<Row[]> {
  const registry = await startRegistry(work);
  const images = new Map<number, string>();
  try {
    for (const layers of [1, 5]) images.set(layers, await pushLarge(registry, work, layers));
    for (const peer of peers) forgetPeaks(peer);
    const rows: Row[] = [];
    for (const [layers, image] of images) {
      const figures = await takeTurns(
        peers.map((peer) => pulled(peer, image)),
        ROUNDS,
      );
      rows.push(timeRow(layers, figures));
    }
    return [...rows, memoryRow(peers)];
  } finally {
    for (const peer of peers) for (const image of images.values()) remove(peer, image);
    await registry.stop();
  }
}

/** The image's name in the registry. `images` takes up the one of one layer. */
async function pushLarge(registry: BenchRegistry, work: string, layers: number): Promise<string> {
  const layout = layers === 1 ? `${work}/large` : `${work}/large-${layers}`;
  await writeLargeImage(layout, layers);
  const image = `${registry.host}/bench/large-${layers}:latest`;
  run([
    'skopeo',
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    '--dest-compress-format=gzip',
    `oci:${layout}:latest`,
    `docker://${image}`,
  ]);
  return image;
}

function pulled(peer: EnginePeer, image: string): Contender {
  return {
    peer: peer.name,
    // A file system is slow for a while after 20,000 files were deleted, whoever writes next. Every peer pays for its
    // own deletion, they take turns, and what was deleted before the pull is on disk when it begins.
    before: () => {
      remove(peer, image);
      run(['sync']);
    },
    once: () => {
      run([...peer.command, 'pull', ...peer.pullFlags, image], { env: peer.env });
      run([...peer.command, 'run', '--rm', image, 'true'], { env: peer.env });
    },
  };
}

function timeRow(layers: number, figures: Figure[]): Row {
  const half = (f: ReadonlyMap<string, number>, peer: string) =>
    (f.get('tiffin') ?? 1e9) <= (f.get(peer) ?? 0) / 2;
  const form = layers === 1 ? 'one gzip layer' : `${layers} gzip layers`;
  return {
    scenario: `pull of 500 MB in 20,000 files, ${form}, until the first container ran`,
    unit: 'ms',
    figures,
    budget: {
      text: "at most half of docker's and podman's time",
      met: (f) => half(f, 'docker') && half(f, 'podman'),
    },
  };
}

/** Podman has no engine that stays. */
function memoryRow(peers: readonly EnginePeer[]): Row {
  const figures = peers.flatMap((peer) => {
    const pids = peer.enginePids();
    const value = pids.reduce((sum, pid) => sum + peakMiB(pid), 0);
    return value === 0 ? [] : [{ peer: peer.name, median: value, min: value, max: value }];
  });
  return {
    scenario: 'engine, highest memory in all of these pulls',
    unit: 'MiB',
    figures,
    budget: { text: 'under 150 MiB', met: (f) => (f.get('tiffin') ?? 1e9) < 150 },
  };
}

/** The kernel's mark of the highest use starts anew (proc_pid_clear_refs(5)). */
function forgetPeaks(peer: EnginePeer): void {
  for (const pid of peer.enginePids()) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function peakMiB(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

function remove(peer: EnginePeer, image: string): void {
  run([...peer.command, 'rmi', '-f', image], { env: peer.env, accept: [0, 1] });
}
