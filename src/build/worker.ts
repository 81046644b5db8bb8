/** What a build needs of the machine. The engine has an implementation; the solver knows no other door. */

import type { Descriptor, Digest, Platform } from '../spec/content.ts';
import type { HistoryEntry, ImageConfig } from '../spec/image-config.ts';
import type { CopyFlags, MountType } from './instruction.ts';

export interface BuildLayer {
  diffId: Digest;
  blob: Descriptor;
}

/** A file system: layers, bottom first. */
export type Layers = readonly BuildLayer[];

export interface BaseImage {
  config: ImageConfig;
  layers: Layers;
  /** The name and digest that a client sees. */
  name: string;
  /** It is in Docker's own format, and so is what is built on it. */
  docker: boolean;
}

/** Where files come from: the context, or a file system. */
export type Source =
  | { kind: 'context' }
  | { kind: 'layers'; layers: Layers }
  /** Text of a heredoc. */
  | { kind: 'inline'; name: string; content: string }
  | { kind: 'url'; url: string }
  | { kind: 'git'; url: string };

export interface CopyRequest {
  /** What the files are copied onto. */
  onto: Layers;
  items: readonly { source: Source; path: string }[];
  /** Absolute; a slash at the end says that it is a directory. */
  destination: string;
  flags: CopyFlags;
  /** Local archives are unpacked. */
  extract: boolean;
  platform: Platform;
  /** No file is newer, seconds since 1970. */
  epoch: number | undefined;
  report: StepReport;
}

export interface StepMount {
  type: MountType;
  target: string;
  readOnly: boolean;
  /** Of a bind mount or a new cache: where its content comes from, and the path there. */
  from: Source | undefined;
  source: string;
  /** Of a cache, a secret, an agent. */
  id: string;
  sharing: 'shared' | 'private' | 'locked';
  mode: number | undefined;
  uid: number;
  gid: number;
  required: boolean;
  /** Of a secret: the variable that gets it; empty: a file. */
  env: string;
  /** Bytes of a tmpfs; 0: not limited. */
  size: number;
}

export interface RunRequest {
  onto: Layers;
  args: readonly string[];
  env: readonly string[];
  user: string;
  workingDirectory: string;
  mounts: readonly StepMount[];
  network: 'default' | 'none' | 'host';
  insecure: boolean;
  epoch: number | undefined;
  report: StepReport;
}

export interface StepReport {
  /** Resolves when more may follow. */
  output(stream: 1 | 2, bytes: Uint8Array): Promise<void>;
  container(id: string): void;
  status(text: string): void;
  signal: AbortSignal;
}

/** What a step is known by. */
export interface StepIdentity {
  key: string;
  /** What it is done onto. */
  layers: Layers;
  /** The steps before it, with those of the base image. */
  history: readonly HistoryEntry[];
  /** What the history will say, when that and what came before say all of the step; undefined: they do not, as for copied files. */
  createdBy: string | undefined;
}

export interface BuildWorker {
  image(
    reference: string,
    options: { platform: Platform; pull: boolean; report: StepReport },
  ): Promise<BaseImage>;
  /** Identifies what a copy or a bind mount would read; equal digests mean equal content. */
  digest(
    source: Source,
    path: string,
    options: { exclude: readonly string[]; parents: boolean; report: StepReport },
  ): Promise<string>;
  /** Undefined: nothing changed. */
  copy(request: CopyRequest): Promise<BuildLayer | undefined>;
  makeDirectory(
    onto: Layers,
    path: string,
    epoch: number | undefined,
  ): Promise<BuildLayer | undefined>;
  run(request: RunRequest): Promise<BuildLayer | undefined>;
  /** What the step gave before; undefined: nobody knows. */
  recall(step: StepIdentity): { layer: BuildLayer | undefined; createdMs: number } | undefined;
  remember(
    key: string,
    layer: BuildLayer | undefined,
    createdMs: number,
    description: string,
  ): void;
}
