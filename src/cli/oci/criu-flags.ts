/** The flags of `checkpoint` and `restore`. */

import { TiffinError } from '../../base/errors.ts';
import type { CriuOptions } from '../../runtime/criu/options.ts';
import type { CheckpointOptions } from '../../runtime/verbs/checkpoint.ts';
import type { RestoreOptions } from '../../runtime/verbs/restore.ts';
import { type Flags, usage } from './flags.ts';

const MODES = ['soft', 'full', 'strict', 'ignore'] as const;

export function checkpointOptions(flags: Flags, id: string): CheckpointOptions {
  return {
    ...criuOptions(flags, id),
    parentPath: given(flags, 'parent-path'),
    leaveRunning: flags.has('leave-running'),
    skipInFlight: flags.has('tcp-skip-in-flight'),
    linkRemap: flags.has('link-remap'),
    preDump: flags.has('pre-dump'),
    pageServer: pageServer(given(flags, 'page-server')),
  };
}

export function restoreOptions(flags: Flags, id: string): RestoreOptions {
  if (given(flags, 'console-socket') !== undefined) {
    throw new TiffinError(
      'unsupported',
      'not-restorable',
      'cannot checkpoint or restore a container with a terminal',
    );
  }
  return {
    ...criuOptions(flags, id),
    bundle: flags.text('bundle') ?? '.',
    detach: flags.has('detach'),
    pidFile: given(flags, 'pid-file'),
    lsmProfile: given(flags, 'lsm-profile'),
    lsmMountContext: given(flags, 'lsm-mount-context'),
  };
}

function criuOptions(flags: Flags, id: string): CriuOptions {
  if (flags.has('lazy-pages') || given(flags, 'status-fd') !== undefined) {
    throw new TiffinError(
      'unsupported',
      'lazy-pages',
      '--lazy-pages is not supported: memory is restored at once',
    );
  }
  const other = flags.list('empty-ns').find((name) => name !== 'network');
  if (other !== undefined) throw usage(`namespace "${other}" is not supported`);
  const text = given(flags, 'manage-cgroups-mode') ?? 'soft';
  const cgroups = MODES.find((mode) => mode === text);
  if (cgroups === undefined) throw usage(`invalid manage cgroups mode: ${text}`);
  return {
    id,
    imagePath: given(flags, 'image-path') ?? 'checkpoint',
    workPath: given(flags, 'work-path'),
    tcpEstablished: flags.has('tcp-established'),
    externalSockets: flags.has('ext-unix-sk'),
    shellJob: flags.has('shell-job'),
    fileLocks: flags.has('file-locks'),
    autoDedup: flags.has('auto-dedup'),
    cgroups,
  };
}

function pageServer(text: string | undefined): CheckpointOptions['pageServer'] {
  if (text === undefined) return undefined;
  const match = /^\[?([0-9A-Za-z.:%-]{1,255}?)\]?:(\d{1,5})$/.exec(text);
  if (match === null) throw usage('use --page-server ADDRESS:PORT to specify page server');
  return { address: match[1] ?? '', port: match[2] ?? '' };
}

function given(flags: Flags, name: string): string | undefined {
  return flags.text(name) || undefined;
}
