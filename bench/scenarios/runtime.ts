/** The OCI runtime's own costs, without an engine: start to exit, the lifecycle, exec. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { run } from '../command.ts';
import { takeTurns } from '../measure.ts';
import type { RuntimePeer } from '../peers/peer.ts';
import type { Row } from '../table.ts';

export async function runtimeScenarios(
  peers: readonly RuntimePeer[],
  work: string,
  rounds: number,
): Promise<Row[]> {
  const once = makeBundle(`${work}/bundle-true`, ['/bin/true']);
  const sleeping = makeBundle(`${work}/bundle-sleep`, ['/bin/sleep', '1000']);
  return [
    await startToExit(peers, once, rounds),
    await lifecycle(peers, sleeping, rounds),
    await exec(peers, sleeping, rounds),
  ];
}

async function startToExit(
  peers: readonly RuntimePeer[],
  bundle: string,
  rounds: number,
): Promise<Row> {
  const contenders = peers.map(({ name, command }, index) => ({
    peer: name,
    once: () =>
      void run([...command, 'run', '--bundle', bundle, `bench-run-${process.pid}-${index}`]),
  }));
  return {
    scenario: 'oci run of a static true',
    unit: 'ms',
    figures: await takeTurns(contenders, rounds),
    budget: {
      text: 'at most half of runc',
      met: (f) => (f.get('tiffin') ?? 1e9) <= (f.get('runc') ?? 0) / 2,
    },
  };
}

async function lifecycle(
  peers: readonly RuntimePeer[],
  bundle: string,
  rounds: number,
): Promise<Row> {
  const contenders = peers.map(({ name, command }, index) => {
    const id = `bench-life-${process.pid}-${index}`;
    return {
      peer: name,
      once: () => {
        run([...command, 'create', '--bundle', bundle, id], { leavesRunning: true });
        run([...command, 'start', id]);
        run([...command, 'kill', id, 'KILL']);
        run([...command, 'delete', '--force', id]);
      },
    };
  });
  return {
    scenario: 'oci create + start + kill + delete',
    unit: 'ms',
    figures: await takeTurns(contenders, rounds),
    budget: {
      text: "at most runc's total",
      met: (f) => (f.get('tiffin') ?? 1e9) <= (f.get('runc') ?? 0),
    },
  };
}

async function exec(peers: readonly RuntimePeer[], bundle: string, rounds: number): Promise<Row> {
  const started: { command: readonly string[]; id: string }[] = [];
  const contenders = peers.map(({ name, command }, index) => {
    const id = `bench-exec-${process.pid}-${index}`;
    return {
      peer: name,
      // Started by the first turn, so that a peer that cannot is named in its row.
      before: () => {
        if (started.some((each) => each.id === id)) return;
        run([...command, 'run', '--detach', '--bundle', bundle, id], { leavesRunning: true });
        started.push({ command, id });
      },
      once: () => void run([...command, 'exec', id, '/bin/true']),
    };
  });
  try {
    const figures = await takeTurns(contenders, rounds);
    return { scenario: 'oci exec of a static true', unit: 'ms', figures };
  } finally {
    for (const { command, id } of started) run([...command, 'delete', '--force', id]);
  }
}

/** A bundle with busybox as its root file system and runc's own default configuration. */
function makeBundle(directory: string, args: readonly string[]): string {
  mkdirSync(`${directory}/rootfs/bin`, { recursive: true });
  for (const name of ['dev', 'proc', 'sys', 'tmp'])
    mkdirSync(`${directory}/rootfs/${name}`, { recursive: true });
  for (const applet of ['busybox', 'true', 'sleep', 'sh'])
    run(['cp', '/bin/busybox', `${directory}/rootfs/bin/${applet}`]);
  run(['rm', '-f', `${directory}/config.json`]);
  run(['runc', 'spec', '--bundle', directory]);
  const spec = JSON.parse(run(['cat', `${directory}/config.json`]));
  spec.process.terminal = false;
  spec.process.args = args;
  // A raised hard limit needs CAP_SYS_RESOURCE, which a machine in a sandbox may not have.
  delete spec.process.rlimits;
  writeFileSync(`${directory}/config.json`, JSON.stringify(spec));
  return directory;
}
