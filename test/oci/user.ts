/** A bundle that belongs to an ordinary user, and the built binary's `oci` run by that user. */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bundle, binary, type Config, type Result, run } from './harness.ts';

/** No account of the machine: numbers that nobody has. */
export const uid = 41_000 + (process.pid % 1000);
export const gid = uid + 1000;
/** What the user's /etc/subuid and /etc/subgid give. */
export const range = { start: 700_000, size: 1000 };

/** A copy, as the checkout may lie where only root comes to. */
export class Program implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'tiffin-user-'));
  readonly path = join(this.directory, 'tiffin');

  constructor() {
    copyFileSync(binary, this.path);
    run(['chmod', '0755', this.directory, this.path]);
    const etc = (name: string, text: string) => writeFileSync(join(this.directory, name), text);
    etc('passwd', `root:x:0:0::/root:/bin/sh\nordinary:x:${uid}:${gid}::/:/bin/sh\n`);
    etc('subuid', `ordinary:${range.start}:${range.size}\n`);
    etc('subgid', `ordinary:${range.start}:${range.size}\n`);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class UserBundle implements Disposable {
  readonly box = new Bundle();
  /** XDG_RUNTIME_DIR. */
  readonly runtime = join(this.box.directory, 'run');
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
    mkdirSync(this.runtime);
    this.give();
    rmSync(join(this.box.bundle, 'config.json'));
    const made = this.as('oci', 'spec', '--rootless', '-b', this.box.bundle);
    if (made.status !== 0) throw new Error(made.stderr);
  }

  /** Everything below the bundle's directory is the user's. */
  give(): void {
    run(['chown', '-R', '-h', `${uid}:${gid}`, this.box.directory]);
  }

  write(script: string, change: (config: Config) => void = () => undefined): this {
    this.box.write(script, change);
    return this;
  }

  /** The program as the user, who has accounts, no capabilities and none of root's environment. */
  as(...args: string[]): Result {
    return this.enter('', ...args);
  }

  /** The same after `prelude` has run as root in the same shell. */
  enter(prelude: string, ...args: string[]): Result {
    const { directory, path } = this.#program;
    const script = `for name in passwd subuid subgid; do
      touch /etc/$name && mount --bind ${directory}/$name /etc/$name || exit 99
    done
    ${prelude}
    exec setpriv --reuid ${uid} --regid ${gid} --clear-groups --inh-caps=-all \
      env -i PATH="\${TEST_PATH-/usr/bin:/bin}" XDG_RUNTIME_DIR=${this.runtime} "$@"`;
    return run([
      'unshare',
      ...['--mount', '--propagation', 'private', 'sh', '-c', script, 'user'],
      ...[path, ...args],
    ]);
  }

  /** As root of a user namespace that the user made. */
  nested(...args: string[]): Result {
    return this.enter('set -- unshare --user --map-root-user "$@"', ...args);
  }

  oci(...args: string[]): Result {
    return this.as('oci', '--log', join(this.runtime, 'log'), ...args);
  }

  run(...flags: string[]): Result {
    return this.oci('run', '-b', this.box.bundle, ...flags, this.box.id);
  }

  [Symbol.dispose](): void {
    this.oci('delete', '--force', this.box.id);
    this.box[Symbol.dispose]();
  }
}
