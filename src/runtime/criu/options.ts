/** What checkpoint and restore have in common. */

import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { OciContext } from '../context.ts';

export interface CriuOptions {
  id: string;
  /** Directory of the images. */
  imagePath: string;
  /** Directory of the log; undefined: that of the images. */
  workPath: string | undefined;
  tcpEstablished: boolean;
  externalSockets: boolean;
  shellJob: boolean;
  fileLocks: boolean;
  autoDedup: boolean;
  cgroups: 'soft' | 'full' | 'strict' | 'ignore';
}

export interface CriuDirectories {
  images: string;
  work: string;
}

export function criuDirectories(options: CriuOptions, context: OciContext): CriuDirectories {
  const images = resolve(context.workingDirectory, options.imagePath);
  const work = resolve(context.workingDirectory, options.workPath ?? images);
  // The memory of a container holds its secrets.
  for (const path of [images, work]) mkdirSync(path, { recursive: true, mode: 0o700 });
  return { images, work };
}

/** The network's devices and addresses are the caller's business, as with other runtimes: only the namespace is made anew. */
export function commonArguments(
  options: CriuOptions,
  { images, work }: CriuDirectories,
  log: string,
): string[] {
  const switches: [boolean, string][] = [
    [options.tcpEstablished, '--tcp-established'],
    [options.externalSockets, '--ext-unix-sk'],
    [options.shellJob, '--shell-job'],
    [options.fileLocks, '--file-locks'],
    [options.autoDedup, '--auto-dedup'],
  ];
  return [
    ...['--images-dir', images, '--work-dir', work, '--log-file', log, '-v4'],
    ...['--no-default-config', `--manage-cgroups=${options.cgroups}`, '--empty-ns', 'net'],
    ...switches.filter(([wanted]) => wanted).map(([, name]) => name),
  ];
}
