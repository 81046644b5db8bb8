/** A build of ten small steps, from nothing and from the cache. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../command.ts';
import { takeTurns } from '../measure.ts';
import type { EnginePeer } from '../peers/peer.ts';
import type { Row } from '../table.ts';

export async function buildScenarios(
  peers: readonly EnginePeer[],
  work: string,
  rounds: number,
): Promise<Row[]> {
  const warm = peers.map((peer) => ({ peer: peer.name, once: () => build(peer, work, []) }));
  const cold = peers.map((peer) => ({
    peer: peer.name,
    once: () => build(peer, work, ['--no-cache']),
  }));
  return [
    {
      scenario: 'build of 10 steps, 6 of them RUN, without cache',
      unit: 'ms',
      figures: await takeTurns(cold, Math.min(rounds, 5)),
      budget: {
        text: "at most a third of docker's",
        met: (f) => (f.get('tiffin') ?? 1e9) <= (f.get('docker') ?? 0) / 3,
      },
    },
    {
      scenario: 'the same build again, all from the cache',
      unit: 'ms',
      figures: await takeTurns(warm, rounds),
      budget: {
        text: "at most docker's",
        met: (f) => (f.get('tiffin') ?? 1e9) <= (f.get('docker') ?? 0),
      },
    },
  ];
}

function build(peer: EnginePeer, work: string, flags: readonly string[]): void {
  const context = join(work, `build-${peer.name}`);
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'file'), 'content\n');
  const steps = [1, 2, 3, 4, 5, 6].map((number) => `RUN echo ${number} > /step-${number}`);
  const lines = [`FROM ${peer.image}`, ...steps, 'COPY file /file', 'WORKDIR /work', 'ENV A=b'];
  writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
  run([...peer.command, 'build', ...flags, '-t', 'bench-build', context], {
    env: { ...peer.env, DOCKER_BUILDKIT: '0' },
  });
}
