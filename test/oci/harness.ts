/** Bundles with a busybox root in a temporary directory, and the built binary's `oci` on them. */

import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const binary = process.env.TIFFIN_OCI ?? resolve(import.meta.dir, '../../dist/tiffin');
const APPLETS =
  'sh ls cat id echo true false sleep mount ps hostname env stat touch mkdir grep test kill ip readlink tty stty wc head umask unshare rm'.split(
    ' ',
  );

export interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  input?: string;
}

/** A configuration as JSON; the tests change it freely, also to what is wrong. */
// biome-ignore lint/suspicious/noExplicitAny: the tests write fields of every type, and wrong ones
export type Config = any;

export class Bundle implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'tiffin-oci-'));
  readonly bundle = join(this.directory, 'bundle');
  readonly rootfs = join(this.bundle, 'rootfs');
  readonly command: readonly string[];
  readonly root = join(this.directory, 'state');
  readonly id = `t${process.pid}-${this.directory.slice(-6)}`;

  /** `command`: a runtime with runc's command line. */
  constructor(command: readonly string[] = [binary, 'oci']) {
    this.command = command;
    // Also for ids of a user namespace, to which this directory is somebody else's.
    chmodSync(this.directory, 0o755);
    for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'data']) {
      mkdirSync(join(this.rootfs, name), { recursive: true });
    }
    copyFileSync('/bin/busybox', join(this.rootfs, 'bin/busybox'));
    for (const name of APPLETS) symlinkSync('busybox', join(this.rootfs, 'bin', name));
    writeFileSync(join(this.rootfs, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    this.oci('spec', '-b', this.bundle);
  }

  get config(): Config {
    return JSON.parse(readFileSync(join(this.bundle, 'config.json'), 'utf8'));
  }

  /** Writes the default configuration without terminal, running `script`, as `change` leaves it. */
  write(script: string, change: (config: Config) => void = () => undefined): this {
    const config = this.original();
    config.process.terminal = false;
    config.process.args = ['sh', '-c', script];
    change(config);
    writeFileSync(join(this.bundle, 'config.json'), JSON.stringify(config));
    return this;
  }

  original(): Config {
    this.#original ??= readFileSync(join(this.bundle, 'config.json'), 'utf8');
    return JSON.parse(this.#original);
  }
  #original: string | undefined;

  oci(...args: string[]): Result {
    return this.ociWith({}, ...args);
  }

  ociWith(options: RunOptions, ...args: string[]): Result {
    return run([...this.command, '--root', this.root, ...args], options);
  }

  /** `run` in the foreground. */
  run(...flags: string[]): Result {
    return this.oci('run', '-b', this.bundle, ...flags, this.id);
  }

  create(...flags: string[]): Result {
    return this.oci('create', '-b', this.bundle, ...flags, this.id);
  }

  state(): Config {
    return JSON.parse(this.oci('state', this.id).stdout);
  }

  /** What a container of this bundle would have left: state, cgroups, mounts, processes. */
  left(): string[] {
    const states = existsSync(this.root)
      ? readdirSync(this.root).filter((name) => !name.startsWith('shim-'))
      : [];
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(this.directory));
    return [...states, ...cgroupsNamed(this.id), ...mounts, ...processesOf(this.directory)];
  }

  [Symbol.dispose](): void {
    this.oci('delete', '--force', this.id);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Processes whose root or working directory lies below the directory. */
function processesOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(directory);
      } catch {
        return false;
      }
    });
}

export function cgroupsNamed(id: string): string[] {
  const found: string[] = [];
  const look = (path: string, depth: number) => {
    for (const entry of directories(path)) {
      if (entry.name.includes(id)) found.push(join(path, entry.name));
      else if (depth > 0) look(join(path, entry.name), depth - 1);
    }
  };
  look('/sys/fs/cgroup', 4);
  return found;
}

/** Groups of others come and go meanwhile. */
function directories(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    return [];
  }
}

/** Output goes to files, not pipes: a detached container keeps what it inherited open. */
export function run(argv: string[], options: RunOptions = {}): Result {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-out-'));
  const [out, err] = [join(directory, 'out'), join(directory, 'err')];
  const files = [openSync(out, 'w'), openSync(err, 'w')] as const;
  try {
    const result = Bun.spawnSync({
      cmd: argv,
      env: { ...process.env, ...options.env },
      stdin: options.input === undefined ? 'ignore' : Buffer.from(options.input),
      stdout: files[0],
      stderr: files[1],
      timeout: 30_000,
    });
    return {
      status: result.exitCode ?? 128,
      stdout: readFileSync(out, 'utf8'),
      stderr: readFileSync(err, 'utf8'),
    };
  } finally {
    for (const file of files) closeSync(file);
    rmSync(directory, { recursive: true });
  }
}

/** Returns when a process is gone, by way of tail(1). */
export function waitForEnd(pid: number): void {
  Bun.spawnSync({
    cmd: ['tail', `--pid=${pid}`, '-s', '0.01', '-f', '/dev/null'],
    timeout: 20_000,
  });
}
