/** What a check of the store can find. */

export type ProblemKind =
  | 'blob-damaged'
  | 'blob-missing'
  | 'blob-unused'
  | 'image-broken'
  | 'index-outdated'
  | 'layer-damaged'
  | 'layer-missing'
  | 'layer-unused'
  | 'stray-file';

export interface Problem {
  kind: ProblemKind;
  /** Digest, image or path that has it. */
  subject: string;
  /** What is wrong, and what is to be done about what cannot be repaired here. */
  detail: string;
  repaired: boolean;
}

export interface CheckReport {
  /** How many of each were looked at. */
  blobs: number;
  layers: number;
  images: number;
  problems: Problem[];
}

export interface CheckOptions {
  /** Brings in order what can be: without it, nothing is changed. */
  repair: boolean;
  /** Layers that running containers read: they are looked at and left. */
  busyLayers: ReadonlySet<string>;
}
