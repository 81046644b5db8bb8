/** Which files a COPY takes and where they go. */

import { posix } from 'node:path';
import { DockerfileError } from '../../build/dockerfile-error.ts';
import { ignoreRules } from '../../build/ignore.ts';
import { hasWildcard, pathPattern } from '../../build/path-pattern.ts';
import type { Placed, TreeSource } from './tree-source.ts';

/** One thing that is copied. */
export interface Selected {
  /** Below the top of its source. */
  path: string;
  isDirectory: boolean;
  entries: AsyncIterable<Placed[]>;
}

/** The literal paths that a source's path stands for. Throws `DockerfileError` when there are none. */
export async function expandPath(source: TreeSource, path: string): Promise<string[]> {
  const text = cleanPath(path);
  if (!hasWildcard(text)) return [text];
  const parts = text.split('/');
  const firstWild = parts.findIndex(hasWildcard);
  const pattern = pathPattern(text);
  const found: string[] = [];
  for await (const candidate of source.list(parts.slice(0, firstWild).join('/'))) {
    if (pattern.matches(candidate)) found.push(candidate);
  }
  if (found.length === 0) throw new DockerfileError(`no files match ${JSON.stringify(text)}`);
  return found;
}

/** Throws `DockerfileError` when nothing is there. `heads`: without content where digests stand for it. */
export async function select(
  source: TreeSource,
  path: string,
  exclude: readonly string[],
  heads = false,
): Promise<Selected> {
  const opened = await source.open(path, heads);
  if (opened === undefined) throw notFound(path);
  const iterator = opened[Symbol.asyncIterator]();
  const first = await iterator.next();
  const top = first.done ? undefined : first.value[0];
  if (top === undefined || first.done) throw notFound(path);
  const isDirectory = top.op.op === 'tree-directory';
  const rules = ignoreRules(exclude);
  const name = posix.basename(path);
  const isKept = ({ path: below }: Placed): boolean => {
    const subject = isDirectory ? below : name;
    return subject === '' || !rules.ignores(subject);
  };
  const entries = kept(first.value, iterator, isKept);
  return { path, isDirectory, entries: withContent(source, path, entries, isKept) };
}

async function* kept(
  first: Placed[],
  rest: AsyncIterator<Placed[]>,
  isKept: (placed: Placed) => boolean,
): AsyncGenerator<Placed[]> {
  try {
    yield first.filter(isKept);
    for (let next = await rest.next(); !next.done; next = await rest.next()) {
      yield next.value.filter(isKept);
    }
  } finally {
    await rest.return?.();
  }
}

/** A file whose first name is left out comes under the next one. */
async function* withContent(
  source: TreeSource,
  top: string,
  entries: AsyncIterable<Placed[]>,
  isKept: (placed: Placed) => boolean,
): AsyncGenerator<Placed[]> {
  const nextNames = new Map<string, string>();
  for await (const batch of entries) {
    let out: Placed[] = [];
    for (const placed of batch) {
      const { op, path } = placed;
      if (op.op !== 'tree-hardlink' || isKept({ op, path: op.value })) {
        out.push(placed);
        continue;
      }
      const next = nextNames.get(op.value);
      if (next !== undefined) {
        out.push({ path, op: { ...op, value: next } });
        continue;
      }
      nextNames.set(op.value, path);
      yield out;
      out = [];
      const file = await source.open(posix.join(top, op.value));
      for await (const pieces of file ?? []) yield pieces.map((piece) => ({ ...piece, path }));
    }
    yield out;
  }
}

/** Relative to the top, which it cannot leave. */
export function cleanPath(path: string): string {
  return posix.resolve('/', path).slice(1);
}

/** With `--parents` the directories of the source come along, from `/./` on. */
export function parentsPath(written: string, path: string): string {
  const pivot = written.indexOf('/./');
  if (pivot < 0) return path;
  const skipped = cleanPath(written.slice(0, pivot));
  const depth = skipped === '' ? 0 : skipped.split('/').length;
  return path.split('/').slice(depth).join('/');
}

function notFound(path: string): DockerfileError {
  return new DockerfileError(
    `failed to calculate checksum of ref: ${JSON.stringify(`/${path}`)}: not found`,
    undefined,
    'the path is not in the build context or stage, or an ignore file leaves it out',
  );
}
