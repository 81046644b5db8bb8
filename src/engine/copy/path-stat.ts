/** What is at a path of a container, in the terms of Docker's header. */

import { posix } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import type { Step } from '../../plan/ops.ts';
import type { PathStat } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { formatTime } from '../time.ts';
import { type ContainerRoot, openRoot } from './root.ts';

/** As many as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;
const TYPE_MASK = 0o170000;
const LINK = 0o120000;

/** inode(7) to the bits of Go's os.FileMode. */
const GO_TYPES: ReadonlyMap<number, number> = new Map([
  [0o040000, 2 ** 31],
  [LINK, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
  [0o020000, 2 ** 26 + 2 ** 21],
]);
const GO_BITS: readonly (readonly [number, number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

export async function pathStat(parts: Parts, reference: string, path: string): Promise<PathStat> {
  using root = await openRoot(parts, reference);
  return statIn(parts, root, path);
}

export async function statIn(
  parts: Parts,
  { container, steps }: Pick<ContainerRoot, 'container' | 'steps'>,
  path: string,
): Promise<PathStat> {
  const full = containerPath(path);
  const found = await parts.store.archives.status(steps, full).catch((cause: unknown) => {
    const isMissing = cause instanceof TiffinError && cause.class === 'not-found';
    throw isMissing ? noSuchPath(path, container.name, cause) : cause;
  });
  const isLink = (found.mode & TYPE_MASK) === LINK;
  return {
    name: posix.basename(full) || '/',
    size: found.size,
    mode: goMode(found.mode),
    mtime: formatTime(found.mtimeNs),
    linkTarget: isLink ? await linkTarget(parts, steps, full) : '',
  };
}

/** From `/` on, without `..`; a slash or `/.` at the end stays, since it means that a link there is followed. */
export function containerPath(path: string): string {
  if (path === '' || path.includes('\0')) {
    throw new TiffinError(
      'invalid',
      'bad-copy-path',
      'bad parameter: path must not be empty or hold a NUL',
    );
  }
  const clean = posix.normalize(`/${path}`);
  const plain = clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
  if (plain === '/') return '/';
  if (path.endsWith('/.')) return `${plain}/.`;
  return path.endsWith('/') ? `${plain}/` : plain;
}

function noSuchPath(path: string, container: string, cause: unknown): TiffinError {
  const message = `Could not find the file ${path} in container ${container}`;
  return new TiffinError('not-found', 'no-such-path', message, { cause });
}

/** Only words for the client: whoever asks for that path has it resolved anew. Where it ends in a loop or in nothing, as far as it led. */
async function linkTarget(parts: Parts, steps: Step[], path: string): Promise<string> {
  let at = path;
  for (let hop = 0; hop < MAX_LINKS; hop += 1) {
    const found = await parts.store.archives.status(steps, at).catch(() => undefined);
    if (found === undefined || (found.mode & TYPE_MASK) !== LINK) return at;
    at = posix.resolve('/', posix.dirname(at), found.link);
  }
  return at;
}

function goMode(mode: number): number {
  let bits = (mode & 0o777) + (GO_TYPES.get(mode & TYPE_MASK) ?? 0);
  for (const [bit, go] of GO_BITS) if ((mode & bit) !== 0) bits += go;
  return bits;
}
