/** `checkpoint`: a running container becomes files, by CRIU. */

import { writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import type { OciContext } from '../context.ts';
import { type CriuOptions, commonArguments, criuDirectories } from '../criu/options.ts';
import { dumpArguments, findOutside, outsideFile, refuseUnrestorable } from '../criu/outside.ts';
import { networkLock, requireCriu, runCriu } from '../criu/program.ts';
import { remove } from './delete.ts';
import { type Found, find } from './state.ts';

export interface CheckpointOptions extends CriuOptions {
  /** Images of an earlier pre-dump, relative to the image path. */
  parentPath: string | undefined;
  leaveRunning: boolean;
  skipInFlight: boolean;
  linkRemap: boolean;
  /** The memory only, while the container goes on. */
  preDump: boolean;
  pageServer: { address: string; port: string } | undefined;
}

const LOG = 'dump.log';

export async function checkpoint(options: CheckpointOptions, context: OciContext): Promise<void> {
  const found = find(options.id, context);
  const { status, pid } = found.snapshot;
  if (status !== 'running' && status !== 'paused') {
    throw new TiffinError(
      'conflict',
      'not-running',
      `container cannot be checkpointed in ${status} state`,
    );
  }
  const criu = requireCriu();
  const spec = found.directory.config();
  refuseUnrestorable(spec);
  const directories = criuDirectories(options, context);
  const outside = findOutside(pid);
  const argv = [
    ...[criu, options.preDump ? 'pre-dump' : 'dump', '--tree', String(pid)],
    ...commonArguments(options, directories, LOG),
    ...['--root', found.record.rootfs],
    ...networkLock(criu),
    ...freezer(found),
    ...ownArguments(options),
    ...(options.preDump ? [] : dumpArguments(outside, spec)),
  ];
  runCriu(argv, join(directories.work, LOG));
  if (options.preDump) return;
  writeFileSync(outsideFile(directories.images), JSON.stringify(outside), { mode: 0o600 });
  if (!options.leaveRunning) await remove({ id: options.id, force: true }, context);
}

/** All processes at once, and those that fork meanwhile too. */
function freezer({ record }: Found): string[] {
  const path = record.cgroups.v2 === '' ? record.cgroups.v1.freezer : record.cgroups.v2;
  return path === undefined ? [] : ['--freeze-cgroup', path];
}

function ownArguments(options: CheckpointOptions): string[] {
  const { parentPath, pageServer } = options;
  if (parentPath !== undefined && isAbsolute(parentPath)) {
    throw new TiffinError('invalid', 'parent-path', '--parent-path must be relative');
  }
  return [
    ...(options.leaveRunning ? ['--leave-running'] : []),
    ...(options.skipInFlight ? ['--skip-in-flight'] : []),
    ...(options.linkRemap ? ['--link-remap'] : []),
    ...(options.preDump || parentPath !== undefined ? ['--track-mem'] : []),
    ...(parentPath === undefined ? [] : ['--prev-images-dir', parentPath]),
    ...(pageServer === undefined
      ? []
      : ['--page-server', '--address', pageServer.address, '--port', pageServer.port]),
  ];
}
