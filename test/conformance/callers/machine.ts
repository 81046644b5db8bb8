/**
 * A private machine for an engine that calls the runtime: its own processes, mounts, network and /run. Whatever a test
 * or a daemon leaves behind ends with it, also when the test fails.
 */

import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PRIVATE = ['--mount', '--net', '--pid', '--ipc', '--uts', '--propagation', 'private'];
const SETUP =
  'mount -t proc proc /proc && mount -t tmpfs -o mode=755 tmpfs /run && ip link set lo up && echo ready && exec sleep infinity';
const READY_MS = 30_000;

export const starter = resolve(import.meta.dir, '../../../dist/starter.tar');

export interface Answer {
  status: number;
  out: string;
  err: string;
}

export class Machine implements Disposable {
  readonly work = mkdtempSync(join(tmpdir(), 'tiffin-caller-'));
  /** The name of everything that this machine makes in the hierarchies of control groups. */
  readonly name = `caller-${process.pid}-${this.work.slice(-6).toLowerCase()}`;
  /** The binary under the name that makes it a runtime. */
  readonly runtime = join(this.work, 'tiffin-oci');
  readonly #outer: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
  #init = 0;

  private constructor() {
    // Also for users of a user namespace, to whom this directory is somebody else's.
    chmodSync(this.work, 0o755);
    // No link: the checkout may lie where only root can look.
    copyFileSync(resolve(import.meta.dir, '../../../dist/tiffin'), this.runtime);
    this.#outer = Bun.spawn(
      ['unshare', '--fork', '--kill-child=KILL', ...PRIVATE, 'sh', '-c', SETUP],
      { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
    );
  }

  static async start(): Promise<Machine> {
    const machine = new Machine();
    const reader = machine.#outer.stdout.getReader();
    const { done } = await reader.read();
    reader.releaseLock();
    if (done) throw new Error('the private machine did not start');
    const outer = machine.#outer.pid;
    machine.#init = Number(readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim());
    return machine;
  }

  /** Runs a command in the machine to its end. */
  run(
    argv: readonly string[],
    options: { input?: string; env?: Record<string, string> } = {},
  ): Answer {
    const result = Bun.spawnSync([...this.#enter(), ...argv], {
      env: { ...process.env, ...options.env },
      stdin: options.input === undefined ? 'ignore' : Buffer.from(options.input),
      timeout: 60_000,
    });
    return {
      status: result.exitCode ?? 128,
      out: result.stdout.toString(),
      err: result.stderr.toString(),
    };
  }

  /** Runs a line of a shell below `directory` to its end, while others go on. */
  async shell(line: string, directory: string, env: Record<string, string>): Promise<Answer> {
    const limited = ['timeout', '--signal=KILL', '20', 'sh', '-c', line];
    const child = Bun.spawn([...this.#enter(), `--wd=${directory}`, ...limited], {
      env: { ...process.env, ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err, status] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { status, out, err };
  }

  /** Starts a daemon and returns when `probe` succeeds; its messages stand in `<work>/<name>.log`. */
  async daemon(argv: readonly string[], probe: readonly string[]): Promise<void> {
    const log = join(this.work, `${argv[0]}.log`);
    const child = Bun.spawn([...this.#enter(), ...argv], {
      stdin: 'ignore',
      stdout: Bun.file(log),
      stderr: Bun.file(log),
    });
    const end = Date.now() + READY_MS;
    while (this.run(probe).status !== 0) {
      if (child.exitCode !== null || Date.now() > end) {
        throw new Error(`${argv[0]} does not answer: ${readFileSync(log, 'utf8').slice(-1000)}`);
      }
      await Bun.sleep(50);
    }
  }

  file(name: string, text: string): string {
    const path = join(this.work, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    this.#outer.kill('SIGKILL');
    Bun.spawnSync(['tail', `--pid=${this.#init}`, '-s', '0.02', '-f', '/dev/null'], {
      timeout: 20_000,
    });
    for (const hierarchy of readdirSync('/sys/fs/cgroup'))
      removeGroups(`/sys/fs/cgroup/${hierarchy}/${this.name}`);
    rmSync(this.work, { recursive: true, force: true });
  }

  #enter(): string[] {
    return ['nsenter', '-t', String(this.#init), '-m', '-n', '-p', '-i', '-u'];
  }
}

/** Depth first; a group that is not there has nothing to remove. */
function removeGroups(path: string): void {
  let entries: string[];
  try {
    entries = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return;
  }
  for (const entry of entries) removeGroups(join(path, entry));
  rmdirSync(path);
}
