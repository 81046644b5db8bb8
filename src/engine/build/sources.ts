/** Opens the sources of copies and bind mounts, each once in a build. */

import { createHash } from 'node:crypto';
import { join, posix } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { layersKey, stepKey } from '../../build/cache-key.ts';
import { DockerfileError } from '../../build/dockerfile-error.ts';
import type { CopyRequest, Layers, Source, StepReport } from '../../build/worker.ts';
import { digestAlgorithm, isDigest } from '../../spec/digest.ts';
import type { Parts } from '../parts.ts';
import { looksLikeArchive } from './archive-magic.ts';
import { directoriesOf } from './directories.ts';
import { fetchFile } from './fetch-file.ts';
import { FileTree } from './file-tree.ts';
import { cloneRepository } from './git.ts';
import { readOnlyView } from './layers-view.ts';
import { expandPath, select } from './selection.ts';
import { indexSource, layersSource, type TreeSource } from './tree-source.ts';
import type { Workspace } from './workspace.ts';

export interface ContextSource {
  tree: FileTree;
  ignores(path: string): boolean;
}

export class Sources implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #context: ContextSource;
  readonly #workspace: Workspace;
  readonly #trees = new Map<string, Promise<FileTree>>();
  readonly #opened: FileTree[] = [];
  #count = 0;

  constructor(parts: Parts, context: ContextSource, workspace: Workspace) {
    this.#parts = parts;
    this.#context = context;
    this.#workspace = workspace;
  }

  get context(): TreeSource {
    const { tree, ignores } = this.#context;
    return indexSource(tree, { keepsOwners: false, ignores });
  }

  ofLayers(layers: Layers): TreeSource {
    const view = readOnlyView(directoriesOf(this.#parts, layers), this.#workspace.paths.mountpoint);
    return layersSource(this.#parts.shim, view);
  }

  async open(source: Source, report: StepReport): Promise<TreeSource> {
    switch (source.kind) {
      case 'context':
        return this.context;
      case 'layers':
        return this.ofLayers(source.layers);
      default: {
        const tree = await this.#tree(source, report);
        return indexSource(tree, { keepsOwners: false });
      }
    }
  }

  /** Compares what came from an address with the digest that the Dockerfile promises. */
  async verify(source: Source, checksum: string | undefined, report: StepReport): Promise<void> {
    if (checksum === undefined) return;
    if (source.kind !== 'url' || !isDigest(checksum) || digestAlgorithm(checksum) !== 'sha256') {
      throw new DockerfileError(
        'checksum can only be a sha256 digest, and only of a file from an address',
      );
    }
    const [entry] = (await this.#tree(source, report)).entries();
    if (entry?.digest === checksum) return;
    throw new DockerfileError(
      `digest mismatch for ${source.url}: expected ${checksum}, got ${entry?.digest}`,
    );
  }

  /** Content of what would be read, without times and owners that a copy does not keep. */
  async digest(
    source: Source,
    path: string,
    options: { exclude: readonly string[]; parents: boolean; report: StepReport },
  ): Promise<string> {
    if (source.kind === 'layers') {
      return stepKey('layers', layersKey(source.layers), posix.resolve('/', path));
    }
    const tree = await this.open(source, options.report);
    const hash = createHash('sha256');
    for (const found of await expandPath(tree, pathIn(source, path))) {
      const { entries } = await select(tree, found, options.exclude, true);
      hash.update(`${JSON.stringify([options.parents ? found : posix.basename(found)])}\n`);
      for await (const batch of entries) {
        for (const { path: below, op, digest } of batch) {
          if (op.op === 'tree-data') hash.update(op.bytes);
          else hash.update(`${JSON.stringify([below, op.op, digest, identity(op)])}\n`);
        }
      }
    }
    return `sha256:${hash.digest('hex')}`;
  }

  /** The files of a local archive; undefined when the path is none. */
  async archive(
    source: Source,
    path: string,
    { flags }: CopyRequest,
  ): Promise<TreeSource | undefined> {
    const local = source.kind === 'context';
    if (flags.unpack === false || (!local && flags.unpack !== true)) return undefined;
    const tree = local ? this.#context.tree : await this.#trees.get(keyOf(source));
    const entry = tree?.follow(path);
    if (tree === undefined || entry?.kind !== 'file') return undefined;
    for await (const head of tree.read(entry)) {
      if (!looksLikeArchive(head)) return undefined;
      break;
    }
    const unpacked = this.#newTree();
    try {
      await unpacked.receive(tree.read(entry));
    } catch (error) {
      // Only looked like one: it is copied as it is, as docker does. An archive that goes wrong further on is refused.
      if (error instanceof TiffinError && unpacked.members === 0) return undefined;
      throw error;
    }
    return indexSource(unpacked, { keepsOwners: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#trees.values());
    for (const tree of this.#opened) await tree[Symbol.asyncDispose]();
  }

  #tree(
    source: Exclude<Source, { kind: 'context' | 'layers' }>,
    report: StepReport,
  ): Promise<FileTree> {
    const key = keyOf(source);
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const loading = this.#load(source, report);
    this.#trees.set(key, loading);
    return loading;
  }

  async #load(
    source: Exclude<Source, { kind: 'context' | 'layers' }>,
    report: StepReport,
  ): Promise<FileTree> {
    const tree = this.#newTree();
    if (source.kind === 'inline')
      await tree.addFile(source.name, once(Buffer.from(source.content)));
    else if (source.kind === 'url') await fetchFile(tree, source.url, report);
    else {
      const clone = this.#workspace.directory(`git-${this.#count}`);
      await tree.receive(cloneRepository(source.url, clone, report));
    }
    return tree;
  }

  #newTree(): FileTree {
    this.#count += 1;
    const tree = new FileTree(join(this.#workspace.paths.directory, `spool-${this.#count}`));
    this.#opened.push(tree);
    return tree;
  }
}

/** Where the files of a source are: of an address there is one file, of a repository everything. */
export function pathIn(source: Source, path: string): string {
  if (source.kind === 'git') return '';
  return source.kind === 'url' ? fileName(source.url) : path;
}

export function fileName(url: string): string {
  const { pathname } = new URL(url);
  return decodeURIComponent(posix.basename(pathname)) || 'download';
}

function keyOf(source: Source): string {
  return JSON.stringify(source);
}

function identity(op: object): unknown {
  const kept = Object.entries(op).filter(
    ([key]) => !['mtimeNs', 'path', 'xattrs', 'uid', 'gid'].includes(key),
  );
  return kept.map(([key, value]) => [key, typeof value === 'bigint' ? String(value) : value]);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
