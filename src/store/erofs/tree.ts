/**
 * The names of an image while its layer streams by. The rules are those of `shim unpack`: links in a path are followed
 * below the root, missing parents are made, and of two entries with one name the later counts.
 */

import { type Node, newNode, refused, S_IFDIR, S_IFLNK, S_IFMT } from './node.ts';

/** As the kernel has it (path_resolution(7)). */
const MAX_LINKS = 40;
/** Components that one path may come to with its links. */
const MAX_STEPS = 16_384;

export interface Place {
  directory: Node;
  children: Map<string, Node>;
  name: string;
}

export class Tree {
  readonly root: Node = newNode(S_IFDIR | 0o755, 0n);
  /** The parent of the latest path: most entries come directory by directory. */
  #parentPath: string | undefined;
  #parent: Node = this.root;

  /** The directory that `path` (clean, relative) has its last name in. `mtimeNs` is for parents that are missing. */
  place(op: string, path: string, mtimeNs: bigint): Place {
    const slash = path.lastIndexOf('/');
    const parentPath = slash < 0 ? '' : path.slice(0, slash);
    if (parentPath !== this.#parentPath) {
      this.#parent = this.#resolve(op, path, parentPath, { mtimeNs });
      this.#parentPath = parentPath;
    }
    const directory = this.#parent;
    if (directory.children === undefined) throw refused(op, path, 'ENOTDIR');
    return { directory, children: directory.children, name: path.slice(slash + 1) };
  }

  /** The directory at `path`, made when it is missing. */
  directory(op: string, path: string, mtimeNs: bigint): Node {
    return path === '.' ? this.root : this.#resolve(op, path, path, { mtimeNs });
  }

  /** What has the name, its own links not followed. */
  find(op: string, path: string): Node {
    const slash = path.lastIndexOf('/');
    const parent = this.#resolve(op, path, slash < 0 ? '' : path.slice(0, slash), undefined);
    const found = parent.children?.get(path.slice(slash + 1));
    if (found === undefined) throw refused(op, path, 'ENOENT');
    return found;
  }

  /** Gives the node the name, in place of what has it. */
  put({ directory, children, name }: Place, node: Node): void {
    const old = children.get(name);
    if (old !== undefined) this.#unlink(directory, old);
    children.set(name, node);
    const isDirectory = node.children !== undefined;
    if (isDirectory) directory.links += 1;
    else node.links += 1;
  }

  #unlink(directory: Node, node: Node): void {
    // A later path may mean something else now.
    this.#parentPath = undefined;
    if (node.children === undefined) {
      node.links -= 1;
      return;
    }
    directory.links -= 1;
    const doomed = [node.children];
    for (let children = doomed.pop(); children !== undefined; children = doomed.pop()) {
      for (const child of children.values()) {
        if (child.children === undefined) child.links -= 1;
        else doomed.push(child.children);
      }
    }
  }

  /** Follows every component. With `make`, missing directories are made. */
  #resolve(op: string, path: string, way: string, make: { mtimeNs: bigint } | undefined): Node {
    const names = way.split('/').reverse();
    const above: Node[] = [];
    let at = this.root;
    let links = 0;
    let steps = 0;
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      steps += 1;
      if (steps > MAX_STEPS) throw refused(op, path, 'ENAMETOOLONG');
      if (name === '' || name === '.') continue;
      if (name === '..') {
        at = above.pop() ?? this.root;
        continue;
      }
      const next = at.children?.get(name) ?? this.#make(at, name, make);
      if (next === undefined) throw refused(op, path, 'ENOENT');
      if ((next.mode & S_IFMT) === S_IFLNK) {
        links += 1;
        if (links > MAX_LINKS) throw refused(op, path, 'ELOOP');
        if (next.target.startsWith('/')) {
          at = this.root;
          above.length = 0;
        }
        names.push(...next.target.split('/').reverse());
        continue;
      }
      if (next.children === undefined) throw refused(op, path, 'ENOTDIR');
      above.push(at);
      at = next;
    }
    return at;
  }

  #make(at: Node, name: string, make: { mtimeNs: bigint } | undefined): Node | undefined {
    if (make === undefined || at.children === undefined) return undefined;
    const made = newNode(S_IFDIR | 0o755, make.mtimeNs);
    at.children.set(name, made);
    at.links += 1;
    return made;
  }
}
