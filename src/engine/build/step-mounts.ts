/** The mounts of a RUN as mounts of a container: contexts, stages, caches, secrets, agents. */

import { chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { DockerfileError } from '../../build/dockerfile-error.ts';
import type { RunRequest, StepMount } from '../../build/worker.ts';
import { digestHex, sha256Digest } from '../../spec/digest.ts';
import { type MountRecord, mountRecord } from '../containers/mount-record.ts';
import type { Parts } from '../parts.ts';
import type { Caches } from './caches.ts';
import { materialize } from './materialize.ts';
import type { Sources } from './sources.ts';
import type { Workspace } from './workspace.ts';

export interface PreparedMounts extends AsyncDisposable {
  records: MountRecord[];
  /** Secrets that are variables. */
  env: string[];
}

/** What the client hands to the steps of one build. */
export interface Handed {
  secrets: ReadonlyMap<string, Uint8Array>;
  /** Id to the socket of an agent, a host path. */
  agents: ReadonlyMap<string, string>;
}

export class Mounts {
  readonly #parts: Parts;
  readonly #sources: Sources;
  readonly #caches: Caches;
  readonly #handed: Handed;

  constructor(parts: Parts, sources: Sources, caches: Caches, handed: Handed) {
    this.#parts = parts;
    this.#sources = sources;
    this.#caches = caches;
    this.#handed = handed;
  }

  /** `run` is in memory: secrets are never on the disk. */
  async prepare(request: RunRequest, workspace: Workspace, run: string): Promise<PreparedMounts> {
    const stack = new AsyncDisposableStack();
    const prepared: PreparedMounts = {
      records: [],
      env: [],
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
    try {
      for (const [at, mount] of request.mounts.entries()) {
        await this.#add(prepared, mount, { request, workspace, run, at, stack });
      }
      return prepared;
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  async #add(prepared: PreparedMounts, mount: StepMount, step: StepContext): Promise<void> {
    switch (mount.type) {
      case 'tmpfs':
        prepared.records.push(tmpfs(mount));
        return;
      case 'bind':
        prepared.records.push(await this.#bind(mount, step));
        return;
      case 'cache':
        prepared.records.push(await this.#cache(mount, step));
        return;
      case 'secret':
        this.#secret(prepared, mount, step);
        return;
      case 'ssh':
        this.#agent(prepared, mount);
    }
  }

  /** A copy of its own: what the step writes there is gone with it. */
  async #bind(mount: StepMount, { request, workspace, at }: StepContext): Promise<MountRecord> {
    const directory = workspace.directory(`mount-${at}`);
    const source = await this.#sources.open(mount.from ?? { kind: 'context' }, request.report);
    const path = await materialize(this.#parts, source, mount.source, directory);
    return bind(mount, path, mount.readOnly);
  }

  async #cache(mount: StepMount, { request, stack }: StepContext): Promise<MountRecord> {
    const key = digestHex(
      sha256Digest(JSON.stringify([mount.id, mount.uid, mount.gid, mount.mode])),
    );
    const lease = await this.#caches.lease(key, mount.sharing, request.report.signal);
    stack.defer(() => lease.release());
    if (lease.isNew) {
      if (mount.from !== undefined) {
        const source = await this.#sources.open(mount.from, request.report);
        await materialize(this.#parts, source, mount.source, lease.path);
      }
      chownSync(lease.path, mount.uid, mount.gid);
      chmodSync(lease.path, mount.mode ?? 0o755);
    }
    return bind(mount, lease.path, mount.readOnly);
  }

  #secret(prepared: PreparedMounts, mount: StepMount, { run, at }: StepContext): void {
    const value = this.#handed.secrets.get(mount.id);
    if (value === undefined) {
      if (!mount.required) return;
      throw new DockerfileError(`secret ${mount.id}: not found`);
    }
    if (mount.env !== '') prepared.env.push(`${mount.env}=${Buffer.from(value).toString()}`);
    if (mount.target === '') return;
    const path = join(run, `secret-${at}`);
    writeFileSync(path, value, { mode: 0o600, flag: 'wx' });
    chownSync(path, mount.uid, mount.gid);
    chmodSync(path, mount.mode ?? 0o400);
    prepared.records.push(bind(mount, path, true));
  }

  #agent(prepared: PreparedMounts, mount: StepMount): void {
    const socket = this.#handed.agents.get(mount.id);
    if (socket === undefined) {
      if (!mount.required) return;
      throw new DockerfileError(`unset ssh forward key ${mount.id}`);
    }
    if (statSync(socket, { throwIfNoEntry: false })?.isSocket() !== true) {
      const message = `no agent listens at ${socket} on the engine's machine`;
      throw new TiffinError('invalid', 'no-agent', message, {
        hint: 'the client must run on the same machine as the engine; check SSH_AUTH_SOCK',
      });
    }
    prepared.records.push(bind(mount, socket, false));
    prepared.env.push(`SSH_AUTH_SOCK=${mount.target}`);
  }
}

interface StepContext {
  request: RunRequest;
  workspace: Workspace;
  run: string;
  at: number;
  stack: AsyncDisposableStack;
}

function bind(mount: StepMount, source: string, readOnly: boolean): MountRecord {
  return mountRecord({
    type: 'bind',
    source,
    destination: mount.target,
    readOnly,
    recursive: false,
  });
}

function tmpfs(mount: StepMount): MountRecord {
  const options = ['exec', 'mode=1777', ...(mount.size > 0 ? [`size=${mount.size}`] : [])];
  return mountRecord({ type: 'tmpfs', source: '', destination: mount.target, options });
}
