/** What the benchmark needs of an engine, and of a runtime. Each peer is one file beside this one. */

import type { ChildProcess } from 'node:child_process';

/** A container engine with a command line like docker's and an Engine API socket. */
export interface EnginePeer {
  readonly name: string;
  readonly version: string;
  /** The command line up to the verb: `docker -H unix://…`. */
  readonly command: readonly string[];
  readonly env: Record<string, string>;
  /** The Engine API's socket, where the peer has one. */
  readonly socket: string | undefined;
  /** Name of the image that holds busybox. */
  readonly image: string;
  /** What `pull` needs to take plain HTTP from a registry on loopback. */
  readonly pullFlags: readonly string[];
  /** Pids whose memory counts as the engine's. */
  enginePids(): number[];
  /** Name prefixes of the helper processes that each running container costs. */
  readonly helpers: readonly string[];
  stop(): Promise<void>;
}

/** An OCI runtime's command line up to the verb. */
export interface RuntimePeer {
  readonly name: string;
  readonly version: string;
  readonly command: readonly string[];
}

/** Ends a daemon that the benchmark started and waits for it. */
export function stopDaemon(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** Waits until an Engine API answers on a socket; the daemon's end is an error. */
export async function untilAnswers(
  socket: string,
  child: ChildProcess,
  seconds: number,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}`);
    try {
      const answer = await fetch('http://localhost/_ping', { unix: socket });
      if (answer.ok) return;
    } catch {
      await Bun.sleep(20);
    }
  }
  throw new Error(`no answer on ${socket} within ${seconds} s`);
}
