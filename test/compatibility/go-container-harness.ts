/** A folder as go-container's users have it, with images of busybox, and an engine for it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  must,
  type Result,
  type RunOptions,
  TestEngine,
  tiffinBinary,
  until,
} from '../integration/harness.ts';

export const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export class GoContainers implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'tiffin-go-'));
  readonly images = join(this.directory, 'images');
  readonly containers = join(this.directory, 'containers');
  readonly engine: TestEngine;

  private constructor(engine: TestEngine) {
    this.engine = engine;
  }

  /** `images/alpine` is a directory, `images/packed.tar.gz` an archive of the same. */
  static async open(): Promise<GoContainers> {
    const go = new GoContainers(await TestEngine.start());
    await makeRoot(join(go.images, 'alpine'));
    await must([
      'tar',
      '-C',
      join(go.images, 'alpine'),
      '-czf',
      join(go.images, 'packed.tar.gz'),
      '.',
    ]);
    return go;
  }

  run(...args: string[]): Promise<Result> {
    return this.runWith({}, ...args);
  }

  runWith(options: RunOptions, ...args: string[]): Promise<Result> {
    return this.engine.tiffin(['go-container', ...this.places(), ...args], options);
  }

  /** One that goes on; resolves when its program runs. */
  async start(...args: string[]): Promise<Running> {
    const running = new Running(this, ['go-container', ...this.places(), ...args]);
    await running.id();
    return running;
  }

  /** The engine's ids of what an image of a folder has become. */
  async imagesOf(name: string): Promise<string[]> {
    const format = '{{.Repository}} {{.ID}}';
    const rows = (await this.engine.ok('images', '--no-trunc', '--format', format)).split('\n');
    return rows
      .filter((row) => row.startsWith(`go-container/${name}-`))
      .map((row) => row.split(' ')[1] ?? '');
  }

  places(): string[] {
    return ['-i', this.images, '-c', this.containers];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Of the command line, not of the container. */
export class Running implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #go: GoContainers;
  readonly #ended: Promise<number>;
  #id: Promise<string> | undefined;
  said = '';

  constructor(go: GoContainers, args: readonly string[]) {
    this.#go = go;
    this.child = spawn(tiffinBinary, ['-H', `unix://${go.engine.socket}`, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const listen = (chunk: Buffer) => {
      this.said += chunk.toString();
    };
    this.child.stdout?.on('data', listen);
    this.child.stderr?.on('data', listen);
    this.#ended = new Promise((done) => this.child.once('close', (status) => done(status ?? -1)));
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** The status of the command. */
  ended(): Promise<number> {
    return this.#ended;
  }

  /** The UUID. */
  id(): Promise<string> {
    this.#id ??= this.#newest();
    return this.#id;
  }

  engineId(): Promise<string> {
    return this.#inspect('{{.Id}}');
  }

  /** Of the container's first process, on this machine. */
  async pid(): Promise<number> {
    return Number(await this.#inspect('{{.State.Pid}}'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#go.engine.tiffin(['rm', '-f', await this.id()]);
    await this.#ended;
  }

  /** Of what runs, the last one created: tests start one after the other. */
  async #newest(): Promise<string> {
    const known = new Set(seen.get(this.#go) ?? []);
    let found: string | undefined;
    await until('the container runs', async () => {
      if (this.child.exitCode !== null) throw new Error(`it ended\n${this.said}`);
      const names = await this.#go.engine.ok('ps', '--format', '{{.Names}}');
      found = names.split('\n').find((name) => ID.test(name) && !known.has(name));
      return found !== undefined;
    });
    const id = found ?? '';
    seen.set(this.#go, [...known, id]);
    return id;
  }

  #inspect(format: string): Promise<string> {
    return this.id().then((id) => this.#go.engine.ok('inspect', '-f', format, id));
  }
}

const seen = new WeakMap<GoContainers, string[]>();

/** The process id in the exit line. */
export function pidOf(stdout: string): number {
  return Number(/([0-9]+) exited ok\n$/.exec(stdout)?.[1]);
}

/** A small root file system: busybox under all its names. */
export async function makeRoot(root: string): Promise<void> {
  for (const name of [
    'bin',
    'dev',
    'etc',
    'home',
    'mnt',
    'proc',
    'root',
    'sys',
    'tmp',
    'usr',
    'var',
  ]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const name of (await must(['/bin/busybox', '--list'])).trim().split('\n')) {
    if (name !== 'busybox') symlinkSync('busybox', join(root, 'bin', name));
  }
  writeFileSync(join(root, 'etc/image'), 'one\n');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
}
