/**
 * What the engine can be asked, by the API and by nobody else. Request and answer shapes are Docker's (src/spec/docker.ts),
 * so that a route is: parse, call, encode. Every method throws `TiffinError` and nothing else that a caller should see.
 * `id` operands take a full id, a unique id prefix or a name, as Docker does.
 */

import type { BuildEvent } from '../build/events.ts';
import type { Descriptor, OnProgress, Platform } from '../spec/content.ts';
import type {
  BuildPruneOptions,
  BuildPruneReport,
  BuildRequest,
  ContainerConfig,
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerListOptions,
  ContainerStats,
  ContainerSummary,
  ContainerTop,
  ContainerUpdateRequest,
  EndpointSettings,
  EngineEvent,
  ExecCreateRequest,
  ExecInspect,
  Filters,
  HistoryItem,
  ImageDeleteItem,
  ImageInspect,
  ImageSummary,
  NetworkCreateRequest,
  NetworkResource,
  PruneReport,
  RegistryAuth,
  SystemDf,
  SystemInfo,
  SystemVersion,
  Volume,
  VolumeCreateRequest,
  WaitResponse,
} from '../spec/docker.ts';

export { BuildFailure } from './build/build.ts';
export { StepFailed } from './build/run.ts';

/** A piece of output: stream 1 stdout, 2 stderr. With a terminal everything is stdout. */
export interface OutputChunk {
  stream: 1 | 2;
  bytes: Uint8Array;
}

/** A log piece with its time, ns since 1970. Pieces may hold several lines or a part of one. */
export interface LogChunk extends OutputChunk {
  timeNs: bigint;
}

/** A live connection to a process's standard streams. Ends with the process; `close` leaves it running. */
export interface AttachSession extends Disposable {
  /** Consumed once; backpressure reaches the process. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  closeInput(): void;
  close(): void;
  /** The same, by the keys that a user typed for it. */
  detach(): void;
}

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Replay the log first, then follow. */
  logs: boolean;
  stream: boolean;
}

export interface LogOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  /** Number of lines from the end; undefined: all. */
  tail: number | undefined;
  sinceNs: bigint | undefined;
  untilNs: bigint | undefined;
  signal: AbortSignal;
}

/** One step of an explained launch. `ns` is absent in a dry run and for steps that did not run. */
export interface ExplainedStep {
  stage: string;
  op: string;
  text: string;
  why: string;
  man: string;
  ns?: number;
  /** errno name, on the step that failed. */
  failed?: string;
}

export interface CommitOptions {
  /** Empty: the image has only its id. May hold the tag. */
  repository: string;
  tag: string;
  comment: string;
  author: string;
  /** Freeze a running container meanwhile. */
  pause: boolean;
  /** Dockerfile instructions. */
  changes: string[];
  /** What it says goes before what the container was created with. */
  config: ContainerConfig | undefined;
}

/** `Kind` 0 changed, 1 added, 2 removed. */
export interface FileChange {
  Path: string;
  Kind: 0 | 1 | 2;
}

/** The header `X-Docker-Container-Path-Stat`. */
export interface PathStat {
  name: string;
  size: number;
  /** Bits of Go's os.FileMode. */
  mode: number;
  /** RFC 3339. */
  mtime: string;
  /** What a symbolic link leads to, from `/` on; else empty. */
  linkTarget: string;
}

export interface CopyInOptions {
  /** Refuse to replace a directory by anything else and the other way round. */
  noOverwriteDirNonDir: boolean;
  /** What is made belongs to the container's user. */
  copyUidGid: boolean;
}

export interface Containers {
  create(
    request: ContainerCreateRequest,
    name: string | undefined,
    platform: string | undefined,
  ): Promise<ContainerCreateResponse>;
  /** Resolves to the process id when the program runs (execve succeeded). `not-modified` when it runs already. */
  start(id: string): Promise<number>;
  /** `seconds` undefined: the container's own StopTimeout or 10; -1: wait without end. */
  stop(id: string, seconds: number | undefined, signal: string | undefined): Promise<void>;
  restart(id: string, seconds: number | undefined, signal: string | undefined): Promise<void>;
  kill(id: string, signal: string): Promise<void>;
  pause(id: string): Promise<void>;
  unpause(id: string): Promise<void>;
  remove(id: string, options: { force: boolean; volumes: boolean }): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  /** `OWNER/ALIAS`: takes a link of `--link` away. */
  unlink(name: string): Promise<void>;
  update(id: string, request: ContainerUpdateRequest): Promise<string[]>;
  /** Resolves on the condition; a removed container resolves with its last status. */
  wait(
    id: string,
    condition: 'not-running' | 'next-exit' | 'removed',
    signal: AbortSignal,
  ): Promise<WaitResponse>;
  list(options: ContainerListOptions): Promise<ContainerSummary[]>;
  inspect(id: string, size: boolean): Promise<ContainerInspect>;
  top(id: string, psArgs: string): Promise<ContainerTop>;
  stats(id: string): Promise<ContainerStats>;
  /** What `--log-opt labels=…` and its like add to each line, in Docker's form. */
  logAttributes(id: string): string;
  /** Whether output is a raw terminal stream. */
  hasTerminal(id: string): boolean;
  /** Resolves when the log is open. */
  logs(id: string, options: LogOptions): Promise<AsyncIterable<LogChunk>>;
  attach(id: string, options: AttachOptions): Promise<AttachSession>;
  resize(id: string, rows: number, columns: number): Promise<void>;
  /** The container's changes on top of its image as a new image; its id. */
  commit(id: string, options: CommitOptions): Promise<string>;
  /** What the container changed of its image, by path. */
  changes(id: string): Promise<FileChange[]>;
  /** What is at a path of the container; a link at its end is not followed. */
  pathStat(id: string, path: string): Promise<PathStat>;
  /** A file or directory of the container as a tar stream whose members begin with the path's last name. */
  copyOut(
    id: string,
    path: string,
  ): Promise<{ stat: PathStat; archive: AsyncIterable<Uint8Array> }>;
  /** Unpacks a tar stream, maybe compressed, into a directory of the container. */
  copyIn(
    id: string,
    path: string,
    archive: AsyncIterable<Uint8Array>,
    options: CopyInOptions,
  ): Promise<void>;
  /** The file system as a tar stream. */
  export(id: string): AsyncIterable<Uint8Array>;
  prune(filters: Filters): Promise<PruneReport>;
  explain(id: string): Promise<ExplainedStep[]>;
  /** Plans a run without doing anything. */
  explainRun(request: ContainerCreateRequest): Promise<ExplainedStep[]>;
}

export interface Execs {
  create(container: string, request: ExecCreateRequest): Promise<string>;
  /** Resolves when the program runs; `session.output` ends with it. */
  start(
    exec: string,
    options: { detach: boolean; terminal: boolean; size?: { rows: number; columns: number } },
  ): Promise<AttachSession | undefined>;
  resize(exec: string, rows: number, columns: number): Promise<void>;
  inspect(exec: string): ExecInspect;
  hasTerminal(exec: string): boolean;
}

export interface RemoteDocument {
  descriptor: Descriptor;
  platforms: Platform[];
  /** The manifest or index itself. */
  bytes: Uint8Array;
}

export interface SearchOptions {
  limit: number;
  filters: Filters;
  auth: RegistryAuth | undefined;
  signal: AbortSignal;
}

export interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated: boolean;
}

export interface PushOptions {
  /** Empty: every tag of the repository. */
  tag: string;
  /** Only this one of the platforms. */
  platform?: Platform;
  auth?: RegistryAuth;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/** What a tag of the registry names now. */
export interface PushResult {
  Tag: string;
  Digest: string;
  /** Bytes of the manifest. */
  Size: number;
}

export interface Images {
  pull(
    reference: string,
    options: {
      platform?: string;
      /** Every tag that the repository has; the reference has none then. */
      allTags?: boolean;
      auth?: RegistryAuth;
      onProgress: OnProgress;
      signal: AbortSignal;
    },
  ): Promise<void>;
  /** What a registry says of a name. */
  ask(name: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<RemoteDocument>;
  /** Puts an index over images that are in the registry of `name`; nothing of it is kept here. */
  pushIndex(
    name: string,
    parts: readonly { from: string; descriptor: Descriptor }[],
    options: { auth?: RegistryAuth; signal: AbortSignal },
  ): Promise<{ digest: string; size: number }>;
  search(term: string, options: SearchOptions): Promise<SearchResult[]>;
  push(name: string, options: PushOptions): Promise<PushResult[]>;
  list(options: { all: boolean; filters: Filters; sharedSize: boolean }): Promise<ImageSummary[]>;
  inspect(name: string, platform?: Platform): Promise<ImageInspect>;
  history(name: string, platform?: Platform): Promise<HistoryItem[]>;
  tag(name: string, repository: string, tag: string): Promise<void>;
  /** `platforms`: only these of the name; empty: all. */
  remove(
    name: string,
    options: { force: boolean; noprune: boolean; platforms: readonly Platform[] },
  ): Promise<ImageDeleteItem[]>;
  /** docker-archive or OCI layout, as tar, optionally compressed; yields what was loaded (`Loaded image: …`). `platform`: of an index; all by default. */
  load(
    archive: AsyncIterable<Uint8Array>,
    onProgress: OnProgress,
    platform?: Platform,
  ): Promise<string[]>;
  /** A tar that is a docker-archive and an OCI layout at once. */
  save(names: string[], platform?: Platform): AsyncIterable<Uint8Array>;
  /** A root file system tar as a new image; returns its id. */
  import(
    archive: AsyncIterable<Uint8Array>,
    options: {
      repository: string;
      tag: string;
      message: string;
      changes: string[];
      platform?: string;
    },
  ): Promise<string>;
  prune(filters: Filters): Promise<PruneReport>;
}

export interface Builds {
  /** The id of the image; `body` is the context as an archive, empty with `remote`. Throws `BuildFailure` for a step that failed. */
  build(
    request: BuildRequest,
    body: AsyncIterable<Uint8Array>,
    options: { onEvent: (event: BuildEvent) => Promise<void>; signal: AbortSignal },
  ): Promise<string>;
  /** All files of an image as one tar. */
  files(image: string): AsyncIterable<Uint8Array>;
  prune(options: BuildPruneOptions): Promise<BuildPruneReport>;
  /** `24h` or a time as ms since 1970. Throws `invalid`. */
  parseAge(text: string): number | undefined;
}

export interface Volumes {
  create(request: VolumeCreateRequest): Promise<Volume>;
  list(filters: Filters): Promise<{ Volumes: Volume[]; Warnings: string[] }>;
  inspect(name: string): Promise<Volume>;
  remove(name: string, force: boolean): Promise<void>;
  prune(filters: Filters): Promise<PruneReport>;
}

export interface Networks {
  create(request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }>;
  list(filters: Filters): Promise<NetworkResource[]>;
  inspect(id: string): Promise<NetworkResource>;
  remove(id: string): Promise<void>;
  connect(id: string, container: string, settings: EndpointSettings): Promise<void>;
  /** `force`: also when the container, or its part of the network, is gone already. */
  disconnect(id: string, container: string, force: boolean): Promise<void>;
  prune(filters: Filters): Promise<PruneReport>;
}

/** What a check of the store looked at and found. */
export interface StoreCheck {
  Blobs: number;
  Layers: number;
  Images: number;
  Problems: { Kind: string; Subject: string; Detail: string; Repaired: boolean }[];
}

export interface System {
  info(): Promise<SystemInfo>;
  version(): SystemVersion;
  /** Throws `unauthorized` when the registry that `serveraddress` names does not take the credentials. */
  login(auth: RegistryAuth, signal: AbortSignal): Promise<void>;
  df(): Promise<SystemDf>;
  /** Reads the whole store and compares it with what it must be; `repair` brings in order what can be. */
  check(repair: boolean): Promise<StoreCheck>;
  /** Past events of the window, then live ones until `until` or the signal. */
  events(options: {
    sinceNs?: bigint;
    untilNs?: bigint;
    filters: Filters;
    signal: AbortSignal;
  }): AsyncIterable<EngineEvent>;
}

export interface Engine {
  readonly containers: Containers;
  readonly execs: Execs;
  readonly images: Images;
  readonly builds: Builds;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly system: System;
  /** Stops serving; containers keep running. */
  close(): Promise<void>;
}
