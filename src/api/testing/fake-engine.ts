/** An engine in memory: one container `box`, one image `starter`, one volume, one network, and a record of every call. */

import { TiffinError } from '../../base/errors.ts';
import type { Engine, LogChunk, LogOptions } from '../../engine/contract.ts';
import { parseDigest } from '../../spec/digest.ts';
import type {
  ContainerCreateRequest,
  EngineEvent,
  ExecCreateRequest,
  ExecInspect,
  WaitResponse,
} from '../../spec/docker.ts';
import { parseContainerCreate } from '../parse/container.ts';
import { catProcess, type FakeProcess } from './fake-process.ts';
import {
  ID,
  IMAGE_ID,
  sampleImage,
  sampleImageSummary,
  sampleInfo,
  sampleInspect,
  sampleNetwork,
  samplePathStat,
  sampleStats,
  sampleSummary,
  sampleVersion,
  sampleVolume,
} from './samples.ts';

const EXEC_ID = 'e'.repeat(64);

export class FakeEngine implements Engine {
  /** Every call of interest: its name, then its operands. */
  readonly calls: unknown[][] = [];
  /** Errors to throw, by call name. */
  readonly failures = new Map<string, Error>();
  process: FakeProcess = catProcess();
  tty = false;
  request: ContainerCreateRequest = parseContainerCreate({ Image: 'starter', Cmd: ['cat'] });
  exec: ExecCreateRequest | undefined;
  logChunks: LogChunk[] = [];
  eventList: EngineEvent[] = [];
  /** Resolves the waits. */
  readonly exit = Promise.withResolvers<WaitResponse>();
  /** The signals given to calls that can be abandoned. */
  readonly signals: AbortSignal[] = [];
  received = 0;
  loadError: unknown;

  #record(name: string, ...operands: unknown[]): void {
    this.calls.push([name, ...operands]);
    const failure = this.failures.get(name);
    if (failure !== undefined) throw failure;
  }

  #known(id: string): void {
    if (id === 'box' || (id.length > 0 && ID.startsWith(id))) return;
    throw new TiffinError('not-found', 'no-such-container', `No such container: ${id}`);
  }

  readonly builds: Engine['builds'] = {
    build: async (request, body, { onEvent, signal }) => {
      this.#record('build', request);
      this.signals.push(signal);
      for await (const bytes of body) this.received += bytes.length;
      const name = { order: 1, total: 1, stage: '', at: 1, of: 1, text: 'FROM scratch' };
      await onEvent({ kind: 'begin', step: 1, name });
      await onEvent({ kind: 'end', step: 1, cached: false, id: IMAGE_ID, error: '' });
      return IMAGE_ID;
    },
    files: async function* () {
      yield Buffer.from('files');
    },
    parseAge: () => 0,
    prune: async (options) => {
      this.#record('pruneBuilds', options);
      return { CachesDeleted: ['a'], SpaceReclaimed: 1 };
    },
  };

  readonly containers: Engine['containers'] = {
    create: async (request, name, platform) => {
      this.#record('create', request, name, platform);
      this.request = request;
      this.tty = request.Tty;
      return { Id: ID, Warnings: [] };
    },
    start: async (id) => {
      this.#known(id);
      this.#record('start', id);
      if (this.request.Cmd?.[0] === 'echo') {
        this.process.say(1, `${this.request.Cmd.slice(1).join(' ')}\n`);
        this.process.end();
      }
      this.exit.resolve({ StatusCode: 0 });
      return 4321;
    },
    stop: async (id, seconds, signal) => this.#record('stop', id, seconds, signal),
    restart: async (id, seconds, signal) => this.#record('restart', id, seconds, signal),
    kill: async (id, signal) => this.#record('kill', id, signal),
    pause: async (id) => this.#record('pause', id),
    unpause: async (id) => this.#record('unpause', id),
    remove: async (id, options) => {
      this.#known(id);
      this.#record('remove', id, options);
    },
    unlink: async (name) => this.#record('unlink', name),
    rename: async (id, name) => this.#record('rename', id, name),
    update: async (id, request) => {
      this.#record('update', id, request);
      return [];
    },
    wait: async (id, condition, signal) => {
      this.#record('wait', id, condition);
      this.signals.push(signal);
      return this.exit.promise;
    },
    list: async (options) => {
      this.#record('list', options);
      return [sampleSummary];
    },
    inspect: async (id) => {
      this.#known(id);
      return sampleInspect('box', this.request);
    },
    top: async (_id, psArgs) => {
      this.#record('top', psArgs);
      return { Titles: ['PID', 'CMD'], Processes: [['42', 'cat']] };
    },
    stats: async (id) => {
      this.#known(id);
      return sampleStats;
    },
    logAttributes: () => 'team=blue',
    hasTerminal: (id) => {
      this.#known(id);
      return this.tty;
    },
    logs: async (_id, options) => this.#logs(options),
    attach: async (id, options) => {
      this.#known(id);
      this.#record('attach', id, options);
      return this.process.session();
    },
    resize: async (id, rows, columns) => this.#record('resize', id, rows, columns),
    commit: async (id, options) => {
      this.#record('commit', id, options);
      return IMAGE_ID;
    },
    pathStat: async () => samplePathStat,
    copyOut: async (id) => ({ stat: samplePathStat, archive: this.#archive('copy out', id) }),
    copyIn: async (id, path, archive, options) => {
      await this.#receive('copy in', archive, { id, path, ...options });
    },
    changes: async () => [{ Path: '/etc', Kind: 0 }],
    export: (id) => this.#archive('export', id),
    prune: async (filters) => {
      this.#record('prune', filters);
      return { ContainersDeleted: [ID], SpaceReclaimed: 1 };
    },
    explain: async (id) => {
      this.#known(id);
      return [];
    },
    explainRun: async (request) => {
      this.#record('explainRun', request);
      return [];
    },
  };

  readonly execs: Engine['execs'] = {
    create: async (_container, request) => {
      this.#record('exec create', request);
      this.exec = request;
      return EXEC_ID;
    },
    start: async (exec, options) => {
      this.#record('exec start', exec, options);
      return options.detach ? undefined : this.process.session();
    },
    resize: async (exec, rows, columns) => this.#record('exec resize', exec, rows, columns),
    inspect: (exec) => this.#inspectExec(exec),
    hasTerminal: (exec) => {
      this.#inspectExec(exec);
      return this.exec?.Tty ?? false;
    },
  };

  readonly images: Engine['images'] = {
    pull: async (reference, options) => {
      this.signals.push(options.signal);
      this.#record('pull', reference, options.platform, options.auth);
      options.onProgress({ id: 'latest', status: 'Pulling from starter' });
      for (let current = 1; current <= 1000; current++) {
        options.onProgress({ id: 'ab', status: 'Downloading', current, total: 1000 });
      }
      this.#record('pull end');
    },
    pushIndex: async (name, parts) => {
      this.#record('push index', name, parts);
      return { digest: IMAGE_ID, size: 2 };
    },
    ask: async (name) => {
      this.#record('ask', name);
      const digest = sampleImageSummary.Descriptor?.digest ?? parseDigest(IMAGE_ID);
      const descriptor = { mediaType: 'application/json', digest, size: 2 };
      return { descriptor, platforms: [], bytes: Buffer.from('{}') };
    },
    search: async (term) => {
      this.#record('search', term);
      return [];
    },
    push: async (name, options) => {
      this.#record('push', name, options.tag, options.auth);
      options.onProgress({ id: '', status: 'The push refers to repository [x]' });
      return [{ Tag: 'latest', Digest: IMAGE_ID, Size: 1 }];
    },
    list: async (options) => {
      this.#record('image list', options);
      return [sampleImageSummary];
    },
    inspect: async (name, platform) => {
      this.#record('image inspect', name, ...(platform ? [platform] : []));
      return sampleImage;
    },
    history: async (name, platform) => {
      this.#record('history', name, ...(platform ? [platform] : []));
      return [{ Id: IMAGE_ID, Created: 1, CreatedBy: 'sh', Tags: null, Size: 1, Comment: '' }];
    },
    tag: async (name, repository, tag) => this.#record('tag', name, repository, tag),
    remove: async (name, options) => {
      this.#record('image remove', name, options);
      return [{ Untagged: 'starter:latest' }, { Deleted: IMAGE_ID }];
    },
    load: async (archive) => {
      await this.#receive('load', archive);
      return ['Loaded image: starter:latest'];
    },
    save: (names, platform) => this.#archive('save', names, ...(platform ? [platform] : [])),
    import: async (archive, options) => {
      await this.#receive('import', archive, options);
      return IMAGE_ID;
    },
    prune: async () => ({ ImagesDeleted: [], SpaceReclaimed: 0 }),
  };

  readonly volumes: Engine['volumes'] = {
    create: async (request) => {
      this.#record('volume create', request);
      return sampleVolume;
    },
    list: async () => ({ Volumes: [sampleVolume], Warnings: [] }),
    inspect: async () => sampleVolume,
    remove: async (name, force) => this.#record('volume remove', name, force),
    prune: async (filters) => {
      this.#record('volume prune', filters);
      return { VolumesDeleted: [], SpaceReclaimed: 0 };
    },
  };

  readonly networks: Engine['networks'] = {
    create: async (request) => {
      this.#record('network create', request);
      return { Id: sampleNetwork.Id, Warning: '' };
    },
    list: async () => [sampleNetwork],
    inspect: async () => sampleNetwork,
    remove: async (id) => this.#record('network remove', id),
    connect: async (id, container, settings) =>
      this.#record('network connect', id, container, settings),
    disconnect: async (id, container, force) =>
      this.#record('network disconnect', id, container, force),
    prune: async () => ({ NetworksDeleted: [] }),
  };

  readonly system: Engine['system'] = {
    info: async () => sampleInfo,
    version: () => sampleVersion,
    login: async (auth) => this.#record('login', auth),
    df: async () => ({
      LayersSize: 1000,
      Images: [sampleImageSummary],
      Containers: [sampleSummary],
      Volumes: [{ ...sampleVolume, UsageData: { Size: 1, RefCount: 1 } }],
      BuildCache: [],
    }),
    check: async (repair) => ({
      Blobs: 2,
      Layers: 1,
      Images: 1,
      Problems: [{ Kind: 'blob-unused', Subject: 'sha256:1', Detail: 'unused', Repaired: repair }],
    }),
    events: (options) => this.#events(options.signal),
  };

  async close(): Promise<void> {}

  async *#logs(options: LogOptions): AsyncGenerator<LogChunk> {
    this.#record('logs', options);
    this.signals.push(options.signal);
    yield* this.logChunks;
    if (options.follow) await aborted(options.signal);
  }

  async *#events(signal: AbortSignal): AsyncGenerator<EngineEvent> {
    this.signals.push(signal);
    yield* this.eventList;
    await aborted(signal);
  }

  async *#archive(name: string, ...operands: unknown[]): AsyncGenerator<Uint8Array> {
    this.#record(name, ...operands);
    for (let block = 0; block < 64; block++) {
      yield Buffer.alloc(65_536, block);
      this.received++;
    }
  }

  async #receive(name: string, archive: AsyncIterable<Uint8Array>, operand?: unknown) {
    try {
      for await (const chunk of archive) {
        this.received += chunk.length;
        this.#record(`${name} chunk`);
      }
    } catch (error) {
      this.loadError = error;
      throw error;
    }
    this.#record(name, operand);
  }

  #inspectExec(id: string): ExecInspect {
    if (this.exec === undefined || id !== EXEC_ID) {
      throw new TiffinError('not-found', 'no-such-exec', `No such exec instance: ${id}`);
    }
    const [entrypoint = '', ...words] = this.exec.Cmd;
    const { Tty, Privileged, AttachStdin, AttachStdout, AttachStderr, DetachKeys } = this.exec;
    return {
      ID: id,
      Running: false,
      ExitCode: 0,
      ProcessConfig: { tty: Tty, entrypoint, arguments: words, privileged: Privileged },
      OpenStdin: AttachStdin,
      OpenStderr: AttachStderr,
      OpenStdout: AttachStdout,
      CanRemove: false,
      ContainerID: ID,
      DetachKeys,
      Pid: 43,
    };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}
