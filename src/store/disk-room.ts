/** What streams of unknown end leave free on the disk: an engine that cannot write its database serves nobody. */

import { statfsSync } from 'node:fs';
import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

/** Bytes between two looks at the disk. */
const STEP = 16 * 1024 * 1024;

export interface DiskSpace {
  free: number;
  total: number;
}

export class DiskRoom {
  readonly #directory: string;
  readonly #space: (directory: string) => DiskSpace;
  #unseen = STEP;

  /** `directory`: any on the disk that is written to. */
  constructor(directory: string, space: (directory: string) => DiskSpace = diskSpace) {
    this.#directory = directory;
    this.#space = space;
  }

  /** Before so many bytes are written. Throws `exhausted` when too little would stay. */
  take(bytes: number): void {
    this.#unseen += bytes;
    if (this.#unseen < STEP) return;
    this.#unseen = 0;
    const { free, total } = this.#space(this.#directory);
    // Some file systems do not tell.
    if (total === 0) return;
    const reserve = Math.min(limits.diskReserveBytes, total * limits.diskReserveShare);
    if (free - bytes >= reserve) return;
    const message = `no space left on device: ${mebibytes(free)} MiB are free below ${this.#directory}, and ${mebibytes(reserve)} MiB stay for the engine`;
    throw new TiffinError('exhausted', 'disk-reserve', message, {
      hint: 'free space with tiffin system prune, or move the data root to a larger disk',
    });
  }
}

function diskSpace(directory: string): DiskSpace {
  const { bavail, blocks, bsize } = statfsSync(directory);
  return { free: bavail * bsize, total: blocks * bsize };
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / (1024 * 1024));
}
