/**
 * Drives the built binary: an engine with its own roots, its command line, the stock docker client, and a look at
 * what the host holds before and after. Imports nothing of src: what a user has is what is tested.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import {
  type Dirent,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const tiffinBinary = resolve(import.meta.dir, '../../dist/tiffin');

export interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string | Uint8Array;
  env?: Record<string, string>;
  /** Kills the command when it takes longer; the status is then 137. */
  timeoutMs?: number;
}

/** Runs a program to its end without a shell. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      done({
        status: status ?? (signal === null ? -1 : 137),
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
  });
}

/** Like `run`; a failure is an error that shows what was printed. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(argv, options);
  if (result.status !== 0) {
    throw new Error(`${argv.join(' ')}: exit ${result.status}\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}

/** One engine with its own roots below a temporary directory. */
export class TestEngine implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'tiffin-test-'));
  readonly dataRoot = join(this.directory, 'data');
  readonly execRoot = join(this.directory, 'run');
  readonly socket = join(this.directory, 'tiffin.sock');
  #process: ChildProcess | undefined;
  #said = '';

  static async start(env: Record<string, string> = {}): Promise<TestEngine> {
    const engine = new TestEngine();
    await engine.serve(env);
    return engine;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('the engine does not run');
    return pid;
  }

  /** Starts an engine on the roots, also again after `kill`. Resolves when it answers. */
  async serve(env: Record<string, string> = {}): Promise<void> {
    const args = [
      'serve',
      '--data-root',
      this.dataRoot,
      '--exec-root',
      this.execRoot,
      '-H',
      `unix://${this.socket}`,
    ];
    const child = spawn(tiffinBinary, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const listen = (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-16_384);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    await this.#answers(child);
  }

  /** What the engine printed. */
  get said(): string {
    return this.#said;
  }

  /** `tiffin -H <this engine> …` */
  tiffin(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return run([tiffinBinary, '-H', `unix://${this.socket}`, ...args], options);
  }

  /** The same; a failure is an error. Returns standard output without its last line feed. */
  async ok(...args: string[]): Promise<string> {
    return (await must([tiffinBinary, '-H', `unix://${this.socket}`, ...args])).replace(/\n$/, '');
  }

  /** The stock docker client on this engine. */
  docker(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return run(['docker', '-H', `unix://${this.socket}`, ...args], options);
  }

  /** The stock client where it knows today's options, otherwise Tiffin's own: Debian 12's client is of API 1.41. */
  async client(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const { stdout } = await run(['docker', 'run', '--help']);
    return stdout.includes('--annotation')
      ? this.docker(args, options)
      : this.tiffin(args, options);
  }

  /** kill -9, as the kernel's out-of-memory killer would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Removes all containers, stops the engine and deletes its roots. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const running =
        this.#process !== undefined &&
        this.#process.exitCode === null &&
        this.#process.signalCode === null;
      if (!running) await this.serve();
      const ids = (await this.ok('ps', '-aq')).split('\n').filter((id) => id !== '');
      if (ids.length > 0) await this.tiffin(['rm', '-f', ...ids]);
    } finally {
      await this.stop();
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  async #answers(child: ChildProcess): Promise<void> {
    for (let attempt = 0; attempt < 2000; attempt += 1) {
      if (child.exitCode !== null)
        throw new Error(`the engine ended with ${child.exitCode}\n${this.#said}`);
      if (existsSync(this.socket)) {
        const answer = await fetch('http://engine/_ping', { unix: this.socket }).catch(
          () => undefined,
        );
        if (answer?.ok) return;
      }
      await Bun.sleep(10);
    }
    throw new Error(`the engine does not answer\n${this.#said}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    await ended;
  }
}

/** Everything a container can leave on the host, as comparable lines. */
export async function hostState(): Promise<string[]> {
  const links = await must(['ip', '-o', 'link']);
  const rules = await must(['nft', '-s', 'list', 'ruleset']);
  return [
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => `mount ${line.split(' ').slice(3).join(' ')}`),
    ...links.split('\n').map((line) => `link ${line.split(': ')[1]?.split('@')[0] ?? ''}`),
    ...rules.split('\n').map((line) => `nft ${line}`),
    ...cgroups().map((path) => `cgroup ${path}`),
    ...monitors().map((pid) => `process ${pid}`),
  ].toSorted();
}

/** Cgroup directories in the hierarchies, two levels deep are enough to see a container's. */
function cgroups(): string[] {
  const root = '/sys/fs/cgroup';
  const below = (path: string, depth: number): string[] =>
    cgroupEntries(path).flatMap((entry) => {
      if (!entry.isDirectory()) return [];
      const child = join(path, entry.name);
      return [child, ...(depth > 0 ? below(child, depth - 1) : [])];
    });
  return below(root, 3).filter((path) => path.includes('tiffin'));
}

/** One that is removed while it is looked at is gone, which is what is asked. */
function cgroupEntries(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (!existsSync(path)) return [];
    throw error;
  }
}

/** Pids of living monitors (a dead one is its parent's to reap) and of processes that a start left half way (launchers belong to an engine). */
function monitors(): string[] {
  return readdirSync('/proc')
    .filter((name) => Number.isInteger(Number(name)))
    .filter((pid) => /^State:\t[^ZX]/m.test(readText(`/proc/${pid}/status`)))
    .filter((pid) => ['tiffin-monitor\n', 'tiffin-init\n'].includes(readText(`/proc/${pid}/comm`)));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process ended between the listing and the look.
    return '';
  }
}

/**
 * What the host holds now and did not hold before. The kernel takes links away some time after their namespace, so this looks
 * until nothing is left or the limit is reached.
 */
export async function leftBehind(before: readonly string[], timeoutMs = 10_000): Promise<string[]> {
  const known = new Set(before);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = (await hostState()).filter((line) => !known.has(line));
    if (left.length === 0 || performance.now() > deadline) return left;
    await Bun.sleep(20);
  }
}

/** A file's permission bits, such as `600`. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

/** Waits for a condition that another process brings about; each look is a real one, not a guess at a time. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`did not come true within ${timeoutMs} ms: ${what}`);
    await Bun.sleep(10);
  }
}
