/** A registry for what is pulled and pushed. */

import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { stopDaemon } from './peers/peer.ts';

export interface BenchRegistry {
  host: string;
  /** Forgets everything that was pushed. */
  empty: () => void;
  stop: () => Promise<void>;
}

/** Debian's docker-registry on loopback, its content in `<work>/registry`. */
export async function startRegistry(work: string): Promise<BenchRegistry> {
  const host = `127.0.0.1:${freePort()}`;
  mkdirSync(`${work}/registry`, { recursive: true });
  writeFileSync(
    `${work}/registry.yml`,
    `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${work}/registry\nhttp:\n  addr: ${host}\n`,
  );
  const child = spawn('docker-registry', ['serve', `${work}/registry.yml`], { stdio: 'ignore' });
  const deadline = performance.now() + 10_000;
  while ((await fetch(`http://${host}/v2/`).catch(() => undefined)) === undefined) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    if (performance.now() > deadline) throw new Error('docker-registry does not answer');
    await Bun.sleep(20);
  }
  return {
    host,
    empty: () => rmSync(`${work}/registry/docker`, { recursive: true, force: true }),
    stop: async () => {
      await stopDaemon(child);
      rmSync(`${work}/registry`, { recursive: true, force: true });
    },
  };
}

function freePort(): number {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
  const { port } = server;
  server.stop(true);
  return port;
}
