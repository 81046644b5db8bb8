/** COPY and ADD onto a file system. Every path of the target is resolved by the shim inside of its root. */

import { posix } from 'node:path';
import { DockerfileError } from '../../build/dockerfile-error.ts';
import type { BuildLayer, CopyRequest } from '../../build/worker.ts';
import { unpackTree } from '../../host/tree-process.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Op, Step } from '../../plan/ops.ts';
import type { Parts } from '../parts.ts';
import { clampTimes, commitUpper } from './commit-layer.ts';
import { directoriesOf } from './directories.ts';
import { encodeTree } from './encode-tree.ts';
import { writableView } from './layers-view.ts';
import { type ChangeMode, parseMode } from './mode.ts';
import { type Owner, resolveOwner } from './owner.ts';
import { expandPath, parentsPath, type Selected, select } from './selection.ts';
import type { Sources } from './sources.ts';
import type { TreeSource } from './tree-source.ts';
import { openWorkspace } from './workspace.ts';

/** How entries are changed on their way. */
interface Change {
  owner: Owner | undefined;
  mode: ChangeMode;
  /** Of a whole source: its own owners stay. */
  keepsOwners: boolean;
}

/** Undefined: everything was there already. The caller holds the store. */
export async function copyFiles(
  parts: Parts,
  sources: Sources,
  request: CopyRequest,
): Promise<BuildLayer | undefined> {
  const target = sources.ofLayers(request.onto);
  const { chown } = request.flags;
  const owner = chown === undefined ? undefined : await resolveOwner(chown, target);
  const ops = copyOps(sources, request, target, owner);
  if (request.onto.length === 0) return layerFromNothing(parts, request, ops);
  using workspace = openWorkspace(parts);
  const { upper, work, mountpoint } = workspace.paths;
  const view = writableView(directoriesOf(parts, request.onto), { upper, work, mountpoint });
  const plan = [...view, makeTarget(request.destination, owner)];
  const sink = unpackTree(parts.shim, '/', encodePlan(plan));
  try {
    for await (const batch of ops) {
      request.report.signal.throwIfAborted();
      await sink.write(encodeTree(batch));
    }
    await sink.write(encodeTree([{ op: 'tree-end' }]));
    await sink.finish();
  } finally {
    // The tree stands; nobody needs it on the disk, it goes into a layer now.
    await sink.abort();
  }
  return await commitUpper(parts, upper, { epoch: request.epoch, mountTargets: [] });
}

/** What is missing of the way to the files is made, and is the owner's too. */
function makeTarget(destination: string, owner: Owner = { uid: 0, gid: 0 }): Step {
  const path = destination.endsWith('/') ? destination : posix.dirname(destination);
  return {
    stage: 'inside',
    op: { op: 'directory', path, mode: 0o755, ...owner },
    why: 'the directory that the files are copied into',
  };
}

/** On an empty file system the operations are the layer. */
function layerFromNothing(
  parts: Parts,
  { epoch }: CopyRequest,
  ops: AsyncIterable<Op[]>,
): Promise<BuildLayer | undefined> {
  const clamp = clampTimes(epoch);
  async function* clamped(): AsyncGenerator<Op[]> {
    for await (const batch of withParents(ops)) yield batch.map(clamp);
    yield [{ op: 'tree-end' }];
  }
  return parts.store.archives.addTreeLayer(clamped());
}

/** Directories that nothing else makes. */
async function* withParents(ops: AsyncIterable<Op[]>): AsyncGenerator<Op[]> {
  const made = new Set<string>(['.', '']);
  for await (const batch of ops) {
    const out: Op[] = [];
    for (const op of batch) {
      if ('path' in op) {
        out.push(...missingParents(op.path, made));
        if (op.op === 'tree-directory') made.add(op.path);
      }
      out.push(op);
    }
    yield out;
  }
}

function missingParents(path: string, made: Set<string>): Op[] {
  const parents: Op[] = [];
  const parts = path.split('/');
  for (let length = 1; length < parts.length; length += 1) {
    const parent = parts.slice(0, length).join('/');
    if (made.has(parent)) continue;
    made.add(parent);
    parents.push(plainDirectory(parent));
  }
  return parents;
}

function plainDirectory(path: string): Op {
  const xattrs = new Uint8Array(0);
  return { op: 'tree-directory', path, mode: 0o040755, uid: 0, gid: 0, mtimeNs: 0n, xattrs };
}

async function* copyOps(
  sources: Sources,
  request: CopyRequest,
  target: TreeSource,
  owner: Owner | undefined,
): AsyncGenerator<Op[]> {
  const mode = parseMode(request.flags.chmod);
  const exclude = request.flags.exclude;
  for (const item of request.items) {
    const source = await sources.open(item.source, request.report);
    await sources.verify(item.source, request.flags.checksum, request.report);
    const paths = await expandPath(source, item.path);
    for (const path of paths) {
      const archive = request.extract
        ? await sources.archive(item.source, path, request)
        : undefined;
      const change = { owner, mode, keepsOwners: archive !== undefined || source.keepsOwners };
      const selected = await select(archive ?? source, archive === undefined ? path : '', exclude);
      const several = paths.length > 1 || archive !== undefined;
      const place = await placeOf(request, target, { selected, written: item.path, several });
      yield* renamed(selected, place, change);
    }
  }
}

interface Place {
  /** Without a leading slash; `.` is the root. */
  path: string;
  /** The directory is there: its own attributes stay. */
  exists: boolean;
}

async function placeOf(
  request: CopyRequest,
  target: TreeSource,
  what: { selected: Selected; written: string; several: boolean },
): Promise<Place> {
  const { destination, flags } = request;
  const { selected, written, several } = what;
  const directory = destination.replace(/\/$/, '').slice(1);
  if (flags.parents) {
    const path = posix.join(directory, parentsPath(written, selected.path));
    return { path: path || '.', exists: false };
  }
  if (selected.isDirectory) {
    const exists = directory === '' || (await isDirectory(target, directory));
    return { path: directory || '.', exists };
  }
  const goesInside = destination.endsWith('/') || several || (await isDirectory(target, directory));
  if (!goesInside) return { path: directory, exists: false };
  const name = posix.basename(selected.path);
  return { path: posix.join(directory, name), exists: false };
}

async function isDirectory(target: TreeSource, path: string): Promise<boolean> {
  if (path === '') return true;
  return (await target.kindOf(path)) === 'directory';
}

async function* renamed(selected: Selected, place: Place, change: Change): AsyncGenerator<Op[]> {
  const firstNames = new Map<number, string>();
  let isLink = false;
  for await (const batch of selected.entries) {
    const ops: Op[] = [];
    for (const { path, op, inode } of batch) {
      if (path === '' && op.op === 'tree-directory' && place.exists) continue;
      // The content of what is only another name.
      if (op.op === 'tree-data' && isLink) continue;
      refuseWhiteout(path);
      const to = path === '' ? place.path : place.path === '.' ? path : `${place.path}/${path}`;
      const first = inode === undefined ? undefined : firstNames.get(inode);
      isLink = first !== undefined;
      if (first !== undefined) {
        ops.push({ op: 'tree-hardlink', path: to, value: first });
        continue;
      }
      if (inode !== undefined) firstNames.set(inode, to);
      ops.push(changed(op, to, change, place.path));
    }
    yield ops;
  }
}

/** In a layer such a name would remove a file of the layers below (image-spec layer.md, section Whiteouts). */
function refuseWhiteout(path: string): void {
  const name = posix.basename(path);
  if (!name.startsWith('.wh.')) return;
  throw new DockerfileError(
    `cannot copy ${JSON.stringify(path.slice(0, 300))}: names that begin with .wh. mark removed files in images`,
  );
}

function changed(op: Op, path: string, change: Change, place: string): Op {
  const owner = change.owner ?? (change.keepsOwners ? undefined : { uid: 0, gid: 0 });
  switch (op.op) {
    case 'tree-file':
    case 'tree-device':
      return { ...op, path, ...owner, mode: change.mode(op.mode, false) };
    case 'tree-directory':
      return { ...op, path, ...owner, mode: change.mode(op.mode, true) };
    case 'tree-symlink':
      return { ...op, path, ...owner };
    case 'tree-hardlink':
      return { ...op, path, value: linkTarget(op.value, place) };
    case 'tree-data':
      return op;
    default:
      throw new DockerfileError(`cannot copy ${op.op} at ${path}`);
  }
}

/** The first name of the file, which lies in the same source. */
function linkTarget(below: string, place: string): string {
  return below === '' ? place : place === '.' ? below : `${place}/${below}`;
}
