/**
 * Tiffin beside runc, crun, podman and docker, in one run on one machine.
 * Usage: bun bench/main.ts [--rounds N] [runtime|filter|engine|api|logs|memory|pull|build|images …]; without a name, all.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from './command.ts';
import { startDocker } from './peers/docker.ts';
import type { EnginePeer } from './peers/peer.ts';
import { startPodman } from './peers/podman.ts';
import { runtimePeers } from './peers/runtimes.ts';
import { startTiffin } from './peers/tiffin.ts';
import { apiScenarios } from './scenarios/api.ts';
import { buildScenarios } from './scenarios/build.ts';
import { engineScenarios } from './scenarios/engine.ts';
import { filterScenarios } from './scenarios/filter.ts';
import { imageScenarios } from './scenarios/images.ts';
import { logScenarios } from './scenarios/logs.ts';
import { memoryScenarios } from './scenarios/memory.ts';
import { pullScenarios } from './scenarios/pull.ts';
import { runtimeScenarios } from './scenarios/runtime.ts';
import { type Row, renderRow } from './table.ts';

const tiffin = resolve(import.meta.dir, '../dist/tiffin');

async function main(argv: readonly string[]): Promise<void> {
  const at = argv.indexOf('--rounds');
  const rounds = at === -1 ? 15 : Number(argv[at + 1]);
  const names = argv.filter((_, index) => at === -1 || (index !== at && index !== at + 1));
  const wanted = (name: string) => names.length === 0 || names.includes(name);
  const work = mkdtempSync(join(tmpdir(), 'tiffin-bench-'));
  try {
    printMachine();
    if (wanted('runtime'))
      print(await runtimeScenarios(runtimePeers(tiffin, `${work}/state`), work, rounds));
    if (wanted('filter')) print(filterScenarios(work, rounds));
    if (['engine', 'api', 'logs', 'memory', 'pull', 'build', 'images'].some(wanted))
      await engineGroups(work, wanted, rounds);
  } finally {
    removeWork(work);
  }
}

async function engineGroups(
  work: string,
  wanted: (name: string) => boolean,
  rounds: number,
): Promise<void> {
  const image = `${work}/bench.tar`;
  run([
    process.execPath,
    resolve(import.meta.dir, '../tools/build-starter.ts'),
    image,
    'bench:latest',
  ]);
  const peers = await startPeers(work, image);
  try {
    if (wanted('engine')) print(await engineScenarios(peers, rounds));
    if (wanted('api')) print(await apiScenarios(peers, rounds));
    if (wanted('logs')) print(await logScenarios(peers));
    if (wanted('memory')) print(await memoryScenarios(peers));
    if (wanted('pull')) print(await pullScenarios(peers, work));
    if (wanted('images')) print(await imageScenarios(peers, work));
    if (wanted('build')) print(await buildScenarios(peers, work, rounds));
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

/** A peer that does not start on this machine is named and left out; the others still tell something. */
async function startPeers(work: string, image: string): Promise<EnginePeer[]> {
  const starters = {
    tiffin: () => startTiffin(tiffin, work, image),
    podman: () => startPodman(work, image),
    docker: () => startDocker(work, image),
  };
  const peers: EnginePeer[] = [];
  for (const [name, start] of Object.entries(starters)) {
    try {
      const peer = await start();
      peers.push(peer);
      console.log(`${peer.name}: ${peer.version}`);
    } catch (error) {
      console.log(`${name}: left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log('');
  return peers;
}

/** Peers leave mounts behind that keep their directories busy. */
function removeWork(work: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((target) => target.startsWith(`${work}/`));
  for (const target of mounts.reverse()) run(['umount', '-l', target]);
  rmSync(work, { recursive: true, force: true });
}

function printMachine(): void {
  const kernel = run(['uname', '-sr']).trim();
  console.log(`${kernel}, ${navigator.hardwareConcurrency} cores; medians (lowest … highest)\n`);
}

function print(rows: readonly Row[]): void {
  for (const row of rows) console.log(renderRow(row));
}

await main(process.argv.slice(2));
