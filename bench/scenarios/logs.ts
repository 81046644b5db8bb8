/** 200 MB of 100-byte lines to standard output, logged; and reading them back. */

import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { run } from '../command.ts';
import { takeTurns } from '../measure.ts';
import type { EnginePeer } from '../peers/peer.ts';
import type { Row } from '../table.ts';

const lines = 2_000_000;
const line = 'x'.repeat(99);

export async function logScenarios(peers: readonly EnginePeer[]): Promise<Row[]> {
  const name = 'bench-logs';
  const script = `yes ${line} | head -n ${lines}`;
  const write = peers.map((peer) => ({
    peer: peer.name,
    before: () => void run([...peer.command, 'rm', '-f', name], { env: peer.env, accept: [0, 1] }),
    once: () => {
      run(
        [
          ...peer.command,
          'run',
          '-d',
          '--network',
          'none',
          '--name',
          name,
          peer.image,
          'sh',
          '-c',
          script,
        ],
        { env: peer.env },
      );
      run([...peer.command, 'wait', name], { env: peer.env });
    },
  }));
  const read = peers.map((peer) => ({
    peer: peer.name,
    once: () => drop([...peer.command, 'logs', name]),
  }));
  const rows: Row[] = [
    {
      scenario: '200 MB of 100-byte lines, written and logged',
      unit: 'ms',
      figures: await takeTurns(write, 3),
      budget: {
        text: "at most podman's time",
        met: (f) => (f.get('tiffin') ?? 1e9) <= (f.get('podman') ?? 0),
      },
    },
    {
      scenario: 'the same read back by logs',
      unit: 'ms',
      figures: await takeTurns(read, 3),
      budget: { text: 'at most 2 s', met: (f) => (f.get('tiffin') ?? 1e9) <= 2000 },
    },
  ];
  for (const peer of peers) run([...peer.command, 'rm', '-f', name], { env: peer.env });
  return rows;
}

/** Runs with standard output on /dev/null, as a person would time it. */
function drop(argv: readonly string[]): void {
  const [program = '', ...args] = argv;
  const result = spawnSync(program, args, {
    stdio: ['ignore', openSync('/dev/null', 'w'), 'pipe'],
  });
  if (result.status !== 0) throw new Error(`${argv.join(' ')}: ${result.stderr.toString()}`);
}
