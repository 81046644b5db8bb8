/** An image of 500 MB in 20,000 files on its other ways: load, save, push, commit, export, import. */

import { existsSync, rmSync } from 'node:fs';
import { run } from '../command.ts';
import { writeLargeImage } from '../large-image.ts';
import { type Contender, takeTurns } from '../measure.ts';
import type { EnginePeer } from '../peers/peer.ts';
import { type BenchRegistry, startRegistry } from '../registry.ts';
import type { Budget, Row } from '../table.ts';

const ROUNDS = 1;
const NAME = 'bench-large:latest';
const CONTAINER = 'bench-large-box';
/** What a person changes before a commit. */
const CHANGE = 'cp -r /data/1 /data/changed && head -c 50000000 /dev/urandom > /large';

type Scenario = (peer: EnginePeer) => Omit<Contender, 'peer'>;

export async function imageScenarios(peers: readonly EnginePeer[], work: string): Promise<Row[]> {
  const archive = await dockerArchive(work);
  const registry = await startRegistry(work);
  try {
    const rows: Row[] = [];
    for (const { scenario, budget, of } of scenarios(work, archive, registry)) {
      const contenders = peers.map((peer) => ({ peer: peer.name, ...settled(of(peer)) }));
      const figures = await takeTurns(contenders, ROUNDS);
      rows.push({ scenario, unit: 'ms', figures, budget });
    }
    return rows;
  } finally {
    for (const peer of peers) {
      on(peer, ['rm', '-f', CONTAINER], true);
      on(peer, ['rmi', '-f', NAME], true);
    }
    await registry.stop();
  }
}

/** In this order: each takes what the one before it left. */
function scenarios(
  work: string,
  archive: string,
  registry: BenchRegistry,
): { scenario: string; budget: Budget; of: Scenario }[] {
  const file = (peer: EnginePeer, what: string) => `${work}/${what}-${peer.name}.tar`;
  const tag = `${registry.host}/bench/pushed:latest`;
  return [
    {
      scenario: 'load of the image, uncompressed, from a file',
      budget: atMost(1),
      of: (peer) => ({
        before: () => on(peer, ['rmi', '-f', NAME], true),
        once: () => on(peer, ['load', '-i', archive]),
      }),
    },
    {
      scenario: 'save of the image to a file',
      budget: atMost(1),
      of: (peer) => ({
        before: () => remove(file(peer, 'saved')),
        once: () => on(peer, ['save', '-o', file(peer, 'saved'), NAME]),
        after: () => remove(file(peer, 'saved')),
      }),
    },
    {
      scenario: 'push of the image to an empty registry, for the first time',
      budget: PUSH_BUDGET,
      of: (peer) => ({
        before: () => {
          registry.empty();
          // Of those who keep what they have compressed none has it; the others compress anew each time.
          if (peer.name === 'tiffin') {
            on(peer, ['rmi', '-f', NAME], true);
            on(peer, ['load', '-i', archive]);
          }
          on(peer, ['tag', NAME, tag]);
        },
        once: () => on(peer, ['push', ...peer.pullFlags, tag]),
        after: () => on(peer, ['rmi', tag], true),
      }),
    },
    {
      scenario: 'the same push again',
      budget: PUSH_BUDGET,
      of: (peer) => ({
        before: () => {
          registry.empty();
          on(peer, ['tag', NAME, tag]);
        },
        once: () => on(peer, ['push', ...peer.pullFlags, tag]),
        after: () => on(peer, ['rmi', tag], true),
      }),
    },
    {
      scenario: 'commit of 50 MB and 100 files changed',
      budget: atMost(1),
      of: (peer) => ({
        before: () => {
          on(peer, ['rm', '-f', CONTAINER], true);
          on(peer, ['run', '--name', CONTAINER, NAME, '/bin/busybox', 'sh', '-c', SHELL]);
        },
        once: () => on(peer, ['commit', CONTAINER, 'bench-committed:latest']),
        after: () => on(peer, ['rmi', '-f', 'bench-committed:latest'], true),
      }),
    },
    {
      scenario: 'export of a container of the image to a file',
      budget: atMost(1),
      of: (peer) => ({
        before: () => remove(file(peer, 'exported')),
        once: () => on(peer, ['export', '-o', file(peer, 'exported'), CONTAINER]),
      }),
    },
    {
      scenario: 'import of that file',
      budget: atMost(1),
      of: (peer) => ({
        once: () => on(peer, ['import', file(peer, 'exported'), 'bench-imported:latest']),
        after: () => on(peer, ['rmi', '-f', 'bench-imported:latest'], true),
      }),
    },
  ];
}

/** Applets by their full name, since the image has no links to them. */
const SHELL = CHANGE.replaceAll(/\b(cp|head) /g, '/bin/busybox $1 ');

/** What earlier work left to be written is on the disk when a measurement begins. */
function settled(contender: Omit<Contender, 'peer'>): Omit<Contender, 'peer'> {
  return {
    ...contender,
    before: async () => {
      await contender.before?.();
      run(['sync']);
    },
  };
}

const PUSH_BUDGET: Budget = {
  text: "at most a quarter of docker's and half of podman's time",
  met: (f) => within(f, 'docker', 0.25) && within(f, 'podman', 0.5),
};

function atMost(share: number): Budget {
  return { text: "at most docker's time", met: (f) => within(f, 'docker', share) };
}

function within(figures: ReadonlyMap<string, number>, peer: string, share: number): boolean {
  return (figures.get('tiffin') ?? 1e9) <= (figures.get(peer) ?? 0) * share;
}

function on(peer: EnginePeer, args: readonly string[], mayFail = false): void {
  const accept = mayFail ? [0, 1, 2, 125] : [0];
  run([...peer.command, ...args], { env: peer.env, accept });
}

function remove(path: string): void {
  rmSync(path, { force: true });
}

/** The form that every engine loads. */
async function dockerArchive(work: string): Promise<string> {
  const layout = `${work}/large`;
  const archive = `${work}/large.tar`;
  if (!existsSync(layout)) await writeLargeImage(layout);
  remove(archive);
  run(['skopeo', 'copy', '--quiet', `oci:${layout}:latest`, `docker-archive:${archive}:${NAME}`]);
  return archive;
}
