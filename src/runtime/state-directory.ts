/**
 * What is kept of a container between two calls: `<root>/<id>/`, mode 0700.
 *
 *   state.json    written by create, by rename; without it the directory is the rest of a create that was cut off
 *   config.json   the configuration as it was then: later changes of the bundle have no effect
 *   process       `<pid> <start time>`, by the shim
 *   gate          the socket that `start` connects to
 *   plan          the launch as encoded, to word a failure
 */

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoName, TiffinError } from '../base/errors.ts';
import { isInitialMap } from '../host/facts.ts';
import { readKernelText } from '../host/kernel-files.ts';
import { parseRuntimeSpec, type RuntimeSpec } from '../spec/runtime/index.ts';
import { type ContainerRecord, parseRecord, parseStored } from './state-record.ts';

export type { ContainerRecord } from './state-record.ts';

const FILES = {
  state: 'state.json',
  config: 'config.json',
  process: 'process',
  gate: 'gate',
  plan: 'plan',
} as const;

export type StateFile = keyof typeof FILES;

/** As other runtimes have it, and short enough for a file name. */
const ID = /^[A-Za-z0-9_+.-]{1,255}$/;

/** @throws TiffinError `invalid-id`. An id becomes a file name below a directory of root's. */
export function validateId(id: string): string {
  if (ID.test(id) && id !== '.' && id !== '..') return id;
  throw new TiffinError(
    'invalid',
    'invalid-id',
    `invalid container ID format: ${JSON.stringify(id)}`,
    { hint: 'use letters, digits and _+.-, at most 255' },
  );
}

/** `/run/tiffin-oci`, or below XDG_RUNTIME_DIR for a user who is not root of the machine. */
export function defaultRoot(environment: Readonly<Record<string, string | undefined>>): string {
  const runtime = environment.XDG_RUNTIME_DIR ?? '';
  return runtime !== '' && isOrdinaryUser(environment.USER)
    ? join(runtime, 'tiffin-oci')
    : '/run/tiffin-oci';
}

/** Also one who is root of a user namespace, as podman's users are; a root account that is mapped so is root all the same. */
function isOrdinaryUser(account: string | undefined): boolean {
  if (process.getuid?.() !== 0) return true;
  return account !== 'root' && !isInitialMap(readKernelText('/proc/self/uid_map'));
}

export class StateDirectory {
  readonly path: string;
  readonly id: string;

  constructor(root: string, id: string) {
    this.id = validateId(id);
    this.path = join(resolve(root), id);
  }

  file(name: StateFile): string {
    return join(this.path, FILES[name]);
  }

  /** Claims the id: mkdir(2) succeeds once. */
  claim(): void {
    const parent = resolve(this.path, '..');
    makeRoot(parent);
    try {
      mkdirSync(this.path, { mode: 0o700 });
    } catch (error) {
      if (errnoName(error) !== 'EEXIST') throw error;
      throw new TiffinError(
        'already-exists',
        'container-exists',
        `container with given ID already exists: ${this.id}`,
        { hint: `remove it first: tiffin oci delete ${this.id}` },
      );
    }
  }

  /** The configuration first: once the record is there, everything else is. */
  write(record: ContainerRecord, config: string): void {
    writeFileSync(this.file('config'), config, { mode: 0o600, flag: 'wx' });
    const temporary = `${this.file('state')}.new`;
    writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
    renameSync(temporary, this.file('state'));
  }

  /** @throws TiffinError `not-found`. */
  record(): ContainerRecord {
    const text = this.#read('state');
    if (text === undefined) throw noContainer(this.id);
    return parseRecord(text, this.id);
  }

  config(): RuntimeSpec {
    const text = this.#read('config');
    if (text === undefined) throw noContainer(this.id);
    return parseRuntimeSpec(parseStored(text, this.file('config'), this.id));
  }

  /** The container's process as the shim noted it; undefined before that. */
  process(): { pid: number; startTime: bigint } | undefined {
    const match = /^(\d{1,10}) (\d{1,20})\n$/.exec(this.#read('process') ?? '');
    if (match === null) return undefined;
    return { pid: Number(match[1]), startTime: BigInt(match[2] ?? 0) };
  }

  exists(): boolean {
    try {
      readdirSync(this.path);
      return true;
    } catch {
      return false;
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** Removes the root too if nothing else is in it; a race with another create is lost to it. */
  static removeRootIfEmpty(root: string): void {
    try {
      rmdirSync(root);
    } catch {
      // Somebody else's container is in it.
    }
  }

  /** Ids below the root, sorted. */
  static list(root: string): string[] {
    try {
      return readdirSync(root, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && ID.test(entry.name))
        .map((entry) => entry.name)
        .sort();
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return [];
      throw error;
    }
  }

  #read(name: StateFile): string | undefined {
    try {
      return readFileSync(this.file(name), 'utf8');
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

export function noContainer(id: string): TiffinError {
  return new TiffinError('not-found', 'no-such-container', `container does not exist: ${id}`, {
    hint: 'see what there is: tiffin oci list',
  });
}

function makeRoot(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 });
  } catch (error) {
    const name = errnoName(error) ?? '';
    if (!['EACCES', 'EPERM', 'EROFS'].includes(name)) throw error;
    throw new TiffinError(
      'denied',
      'state-directory',
      `cannot keep the state of containers in ${path}: ${name}`,
      {
        hint: 'set XDG_RUNTIME_DIR to a directory of your own, or give one with --root',
        cause: error,
      },
    );
  }
}
