/** `cp` into a container: a tar stream below one of its directories. Nothing of the container is executed or loaded for it. */

import { TiffinError } from '../../base/errors.ts';
import type { Container } from '../containers/container.ts';
import { emitContainer } from '../containers/container-events.ts';
import type { CopyInOptions } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { ownerIn } from './owner.ts';
import { containerPath, statIn } from './path-stat.ts';
import { openRoot } from './root.ts';

const GO_DIRECTORY = 2 ** 31;

export async function copyIn(
  parts: Parts,
  reference: string,
  path: string,
  archive: AsyncIterable<Uint8Array>,
  options: CopyInOptions,
): Promise<void> {
  using root = await openRoot(parts, reference);
  const { container, steps } = root;
  const directory = `${containerPath(path)}/`;
  const stat = await statIn(parts, root, directory).catch((error: unknown) => {
    throw isNotDirectory(error) ? notDirectory() : error;
  });
  if (stat.mode < GO_DIRECTORY) throw notDirectory();
  requireWritable(container, containerPath(path));
  const owner = options.copyUidGid ? await ownerIn(parts, container, steps) : undefined;
  await parts.store.archives
    .extract(steps, directory, archive, {
      keepKinds: options.noOverwriteDirNonDir,
      ...(owner === undefined ? {} : { owner }),
    })
    .catch((error: unknown) => {
      throw worded(error);
    });
  emitContainer(parts, container, 'extract-to-dir');
}

/** One that does not run has no read-only root mounted that would refuse. */
function requireWritable({ definition, isLive }: Container, path: string): void {
  if (isLive) return;
  const mount = definition.mounts
    .filter(({ destination }) => path === destination || path.startsWith(`${destination}/`))
    .toSorted((a, b) => b.destination.length - a.destination.length)[0];
  if (mount?.readOnly === true) throw readOnly('mounted volume is marked read-only');
  if (mount === undefined && definition.hostConfig.ReadonlyRootfs) {
    throw readOnly('container rootfs is marked read-only');
  }
}

/** The words that Docker has for what the shim reports by errno. */
function worded(error: unknown): unknown {
  if (!(error instanceof TiffinError) || error.code !== 'tree-failed') return error;
  const [, operation = '', path = '', errno = ''] =
    /: (tree-\w+) (.*): (\w+)$/.exec(error.message) ?? [];
  if (errno === 'EROFS') return readOnly('container rootfs is marked read-only');
  if (operation === 'tree-directory' && errno === 'ENOTDIR') {
    return mismatch(`cannot overwrite non-directory "${path}" with directory "${path}"`);
  }
  if (errno === 'EISDIR') {
    return mismatch(`cannot overwrite directory "${path}" with non-directory "${path}"`);
  }
  return error;
}

function isNotDirectory(error: unknown): boolean {
  return error instanceof TiffinError && error.message.endsWith(': ENOTDIR');
}

function notDirectory(): TiffinError {
  return new TiffinError('invalid', 'not-a-directory', 'extraction point is not a directory');
}

function mismatch(message: string): TiffinError {
  return new TiffinError('invalid', 'other-kind', message);
}

function readOnly(message: string): TiffinError {
  return new TiffinError('denied', 'read-only-copy', message);
}
