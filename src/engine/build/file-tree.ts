/**
 * Files that came as an archive, kept as an index and one spool: nothing of a context is ever a path on the host, so no name and
 * no link in it can lead anywhere. Links are followed in the index.
 */

import { posix } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import type { Digest } from '../../spec/content.ts';
import { Digester } from '../../spec/digest.ts';
import { decompress } from '../../store/compression.ts';
import type { TarEntry, TarKind, Xattr } from '../../store/tar/entry.ts';
import { memberPath } from '../../store/tar/member-path.ts';
import { TarReader } from '../../store/tar/reader.ts';
import { Spool } from './spool.ts';

export interface FileEntry {
  /** Relative, without `.` and `..`; the top is the empty text. */
  path: string;
  kind: Exclude<TarKind, 'hardlink'>;
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  xattrs: readonly Xattr[];
  size: number;
  /** In the spool. */
  offset: number;
  /** The same for all names of one file; 0 for what has only one. */
  inode: number;
  /** Of a file's content. */
  digest: Digest | undefined;
  link: string;
  major: number;
  minor: number;
}

const MAX_ENTRIES = 2_000_000;
const MAX_LINKS = 40;

export class FileTree implements AsyncDisposable {
  /** Members that `receive` has seen, whether it took them or not. */
  members = 0;
  readonly #entries = new Map<string, FileEntry>();
  /** Paths of what is directly in each directory that holds anything. */
  readonly #children = new Map<string, Set<string>>();
  readonly #spool: Spool;
  #sorted: FileEntry[] | undefined;

  constructor(spoolPath: string) {
    this.#spool = new Spool(spoolPath);
  }

  /** Parents that the archive leaves out come into being. */
  add(entry: FileEntry): void {
    if (this.#entries.size >= MAX_ENTRIES) throw invalid(`it holds more than ${MAX_ENTRIES} files`);
    for (let at = entry.path.lastIndexOf('/'); at > 0; at = entry.path.lastIndexOf('/', at - 1)) {
      const parent = entry.path.slice(0, at);
      const known = this.#entries.get(parent);
      if (known?.kind === 'directory') break;
      // A member below a file or a link: the archive says two things, the later one counts.
      this.#set(directory(parent));
    }
    const before = this.#entries.get(entry.path);
    if (before?.kind === 'directory' && entry.kind !== 'directory') this.#removeBelow(entry.path);
    this.#set(entry);
  }

  #set(entry: FileEntry): void {
    const { path } = entry;
    this.#entries.set(path, entry);
    this.#sorted = undefined;
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? '' : path.slice(0, slash);
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, new Set([path]));
    else siblings.add(path);
  }

  async addFile(
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    more: Partial<FileEntry> = {},
  ): Promise<FileEntry> {
    const offset = this.#spool.size;
    const digester = new Digester();
    for await (const chunk of bytes) {
      digester.update(chunk);
      await this.#spool.append(chunk);
    }
    const { size } = digester;
    const entry: FileEntry = {
      ...directory(path),
      kind: 'file',
      mode: 0o644,
      ...more,
      size,
      offset,
      digest: digester.finish(),
    };
    this.add(entry);
    return entry;
  }

  get(path: string): FileEntry | undefined {
    return path === '' ? directory('') : this.#entries.get(path);
  }

  /** The entry that a path leads to, through links, which end at the top of the tree. */
  follow(path: string): FileEntry | undefined {
    let rest = clean(path);
    let at = '';
    for (let links = 0; rest.length > 0; ) {
      const [name = '', ...more] = rest;
      rest = more;
      if (name === '..') {
        at = parentOf(at);
        continue;
      }
      const next = at === '' ? name : `${at}/${name}`;
      const entry = this.#entries.get(next);
      if (entry === undefined) return undefined;
      if (entry.kind !== 'symlink') {
        at = next;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return undefined;
      if (entry.link.startsWith('/')) at = '';
      rest = [...clean(entry.link), ...rest];
    }
    return this.get(at);
  }

  /** Every entry, parents before what is in them, in the order of names. */
  entries(): readonly FileEntry[] {
    this.#sorted ??= [...this.#entries.values()]
      .map((entry) => ({ key: sortKey(entry.path), entry }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ entry }) => entry);
    return this.#sorted;
  }

  /** The directory itself is not among them. */
  below(path: string): readonly FileEntry[] {
    const all = this.entries();
    if (path === '') return all;
    const prefix = `${path}/`;
    const from = firstAfter(all, sortKey(path));
    // In this order everything in a directory stands together.
    let to = from;
    while (all[to]?.path.startsWith(prefix) === true) to += 1;
    return all.slice(from, to);
  }

  read(entry: FileEntry): AsyncGenerator<Uint8Array> {
    return this.#spool.read(entry.offset, entry.size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool[Symbol.asyncDispose]();
  }

  /** Takes an archive in, maybe compressed. Throws `invalid` for what is none. */
  async receive(archive: AsyncIterable<Uint8Array>): Promise<void> {
    const reader = new TarReader();
    const receiver = new Receiver(this, this.#spool);
    for await (const chunk of decompress(archive)) {
      for (const event of reader.push(chunk)) {
        if (event.kind === 'entry') {
          this.members += 1;
          receiver.begin(event.entry);
        } else await receiver.data(event.offset, event.bytes);
      }
    }
    reader.finish();
    receiver.end();
  }

  /** Takes as long as there is something to remove: an archive may ask for it again and again. */
  #removeBelow(path: string): void {
    const doomed = [path];
    for (let parent = doomed.pop(); parent !== undefined; parent = doomed.pop()) {
      for (const child of this.#children.get(parent) ?? []) {
        this.#entries.delete(child);
        doomed.push(child);
      }
      this.#children.delete(parent);
    }
  }
}

class Receiver {
  readonly #tree: FileTree;
  readonly #spool: Spool;
  #current: { entry: FileEntry; digester: Digester } | undefined;
  #files = 0;

  constructor(tree: FileTree, spool: Spool) {
    this.#tree = tree;
    this.#spool = spool;
  }

  begin(entry: TarEntry): void {
    this.end();
    const member = memberPath(entry.path);
    const path = member === '.' ? '' : member;
    // CVE-2021-29136: something else in the place of the top.
    if (path === '' && entry.kind !== 'directory') throw invalid('its top is no directory');
    if (path === '') return;
    if (entry.kind === 'hardlink') {
      const target = this.#tree.get(memberPath(entry.link));
      if (target?.kind !== 'file')
        throw invalid(`${JSON.stringify(path)} is a link to no file of it`);
      this.#files += target.inode === 0 ? 1 : 0;
      const inode = target.inode === 0 ? this.#files : target.inode;
      this.#tree.add({ ...target, inode });
      this.#tree.add({ ...target, inode, path });
      return;
    }
    const { kind, mode, uid, gid, mtimeNs, xattrs, size, link, major, minor } = entry;
    const made = { path, kind, mode, uid, gid, mtimeNs, xattrs, size, link, major, minor };
    const file = { ...made, offset: this.#spool.size, inode: 0, digest: undefined };
    if (kind === 'file') this.#current = { entry: file, digester: new Digester() };
    else this.#tree.add(file);
  }

  async data(offset: number, bytes: Uint8Array): Promise<void> {
    const { entry, digester } = this.#current ?? {};
    if (entry === undefined || digester === undefined) return;
    if (offset !== digester.size) throw invalid(`${JSON.stringify(entry.path)} is a sparse file`);
    digester.update(bytes);
    await this.#spool.append(bytes);
  }

  end(): void {
    const { entry, digester } = this.#current ?? {};
    this.#current = undefined;
    if (entry === undefined || digester === undefined) return;
    if (digester.size !== entry.size)
      throw invalid(`${JSON.stringify(entry.path)} is a sparse file`);
    this.#tree.add({ ...entry, digest: digester.finish() });
  }
}

function directory(path: string): FileEntry {
  return {
    path,
    kind: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    xattrs: [],
    size: 0,
    offset: 0,
    inode: 0,
    digest: undefined,
    link: '',
    major: 0,
    minor: 0,
  };
}

/** Puts what is in a directory right behind it, before names that go on from its own. */
function sortKey(path: string): string {
  return path.replaceAll('/', '\0');
}

/** Where the first entry stands whose key is greater. */
function firstAfter(sorted: readonly FileEntry[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sortKey(sorted[middle]?.path ?? '') <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function clean(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function parentOf(path: string): string {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
}

function invalid(why: string): TiffinError {
  return new TiffinError(
    'invalid',
    'bad-context',
    `the build context cannot be read: ${why.slice(0, 300)}`,
  );
}
