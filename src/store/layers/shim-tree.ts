/** Trees written by `shim unpack`, which resolves every path below its directory with openat2. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TiffinError } from '../../base/errors.ts';
import type { OpenTree, TreeSink } from './unpack.ts';

export function shimTree(shim: string): OpenTree {
  return (directory) => new ShimTree(shim, directory);
}

class ShimTree implements TreeSink {
  readonly #child: ReturnType<typeof spawn>;
  readonly #ended: Promise<void>;
  #report = '';

  constructor(shim: string, directory: string) {
    this.#child = spawn(shim, ['unpack', directory], { stdio: ['pipe', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#report = (this.#report + bytes.toString()).slice(0, 4096);
    });
    this.#ended = this.#wait();
    this.#ended.catch(() => undefined);
    // A shim that ends early breaks the pipe; what it reported is thrown instead.
    this.#child.stdin?.on('error', () => undefined);
  }

  async write(pieces: readonly Uint8Array[]): Promise<void> {
    const stdin = this.#child.stdin;
    let ready = true;
    for (const piece of pieces) ready = stdin?.write(piece) ?? true;
    if (stdin !== null && !ready) await Promise.race([once(stdin, 'drain'), this.#ended]);
  }

  async finish(): Promise<{ synced: Promise<void> }> {
    this.#child.stdin?.end();
    await this.#ended;
    return { synced: Promise.resolve() };
  }

  async abort(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended.catch(() => undefined);
  }

  async #wait(): Promise<void> {
    const [code] = await once(this.#child, 'close');
    if (code === 0) return;
    throw new TiffinError('internal', 'unpack-failed', `unpacking failed: ${this.#report.trim()}`);
  }
}
