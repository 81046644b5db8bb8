/** A large image from a registry on loopback, until its first container has run. */

import { run } from '../command.ts';
import { writeLargeImage } from '../large-image.ts';
import { takeTurns } from '../measure.ts';
import type { EnginePeer } from '../peers/peer.ts';
import { startRegistry } from '../registry.ts';
import type { Row } from '../table.ts';

export async function pullScenarios(peers: readonly EnginePeer[], work: string): Promise<Row[]> {
  const layout = `${work}/large`;
  await writeLargeImage(layout);
  const registry = await startRegistry(work);
  const image = `${registry.host}/bench/large:latest`;
  const remove = (peer: EnginePeer) =>
    void run([...peer.command, 'rmi', '-f', image], { env: peer.env, accept: [0, 1] });
  try {
    run([
      'skopeo',
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      '--dest-compress-format=gzip',
      `oci:${layout}:latest`,
      `docker://${image}`,
    ]);
    const contenders = peers.map((peer) => ({
      peer: peer.name,
      // A file system is slow for a while after 20,000 files were deleted, whoever writes next. Every peer pays for its
      // own deletion, they take turns, and what was deleted before the pull is on disk when it begins.
      before: () => {
        remove(peer);
        run(['sync']);
      },
      once: () => {
        run([...peer.command, 'pull', ...peer.pullFlags, image], { env: peer.env });
        run([...peer.command, 'run', '--rm', image, 'true'], { env: peer.env });
      },
    }));
    const half = (f: ReadonlyMap<string, number>, peer: string) =>
      (f.get('tiffin') ?? 1e9) <= (f.get(peer) ?? 0) / 2;
    return [
      {
        scenario: 'pull of 500 MB in 20,000 files, one gzip layer, until the first container ran',
        unit: 'ms',
        figures: await takeTurns(contenders, 2),
        budget: {
          text: "at most half of docker's and podman's time",
          met: (f) => half(f, 'docker') && half(f, 'podman'),
        },
      },
    ];
  } finally {
    for (const peer of peers) remove(peer);
    await registry.stop();
  }
}
