/**
 * The names of an image while its layer streams by. The rules are those of `shim unpack`: links in a path are followed
 * below the root, missing parents are made, and of two entries with one name the later counts.
 */

import { type Node, Nodes, refused, S_IFDIR, S_IFLNK } from './nodes.ts';

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
  readonly nodes = new Nodes();
  readonly root: Node = this.nodes.addPlain(S_IFDIR | 0o755, 0n);
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
    const children = this.nodes.children.get(directory);
    if (children === undefined) throw refused(op, path, 'ENOTDIR');
    return { directory, children, name: path.slice(slash + 1) };
  }

  /** The directory at `path`, made when it is missing. */
  directory(op: string, path: string, mtimeNs: bigint): Node {
    return path === '.' ? this.root : this.#resolve(op, path, path, { mtimeNs });
  }

  /** What has the name, its own links not followed. */
  find(op: string, path: string): Node {
    const slash = path.lastIndexOf('/');
    const parent = this.#resolve(op, path, slash < 0 ? '' : path.slice(0, slash), undefined);
    const found = this.nodes.children.get(parent)?.get(path.slice(slash + 1));
    if (found === undefined) throw refused(op, path, 'ENOENT');
    return found;
  }

  /** Gives the node the name, in place of what has it. */
  put({ directory, children, name }: Place, node: Node): void {
    const old = children.get(name);
    if (old !== undefined) this.#unlink(directory, old);
    children.set(name, node);
    this.nodes.addLinks(this.nodes.children.has(node) ? directory : node, 1);
  }

  #unlink(directory: Node, node: Node): void {
    // A later path may mean something else now.
    this.#parentPath = undefined;
    const { nodes } = this;
    const own = nodes.children.get(node);
    nodes.addLinks(own === undefined ? node : directory, -1);
    const doomed = own === undefined ? [] : [own];
    for (let children = doomed.pop(); children !== undefined; children = doomed.pop()) {
      for (const child of children.values()) {
        const below = nodes.children.get(child);
        if (below === undefined) nodes.addLinks(child, -1);
        else doomed.push(below);
      }
    }
  }

  /** Follows every component. With `make`, missing directories are made. */
  #resolve(op: string, path: string, way: string, make: { mtimeNs: bigint } | undefined): Node {
    const { nodes } = this;
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
      const next = nodes.children.get(at)?.get(name) ?? this.#make(at, name, make);
      if (next === undefined) throw refused(op, path, 'ENOENT');
      if (nodes.kind(next) === S_IFLNK) {
        links += 1;
        if (links > MAX_LINKS) throw refused(op, path, 'ELOOP');
        const target = nodes.targets.get(next) ?? '';
        if (target.startsWith('/')) {
          at = this.root;
          above.length = 0;
        }
        names.push(...target.split('/').reverse());
        continue;
      }
      if (!nodes.children.has(next)) throw refused(op, path, 'ENOTDIR');
      above.push(at);
      at = next;
    }
    return at;
  }

  #make(at: Node, name: string, make: { mtimeNs: bigint } | undefined): Node | undefined {
    const children = this.nodes.children.get(at);
    if (make === undefined || children === undefined) return undefined;
    const made = this.nodes.addPlain(S_IFDIR | 0o755, make.mtimeNs);
    children.set(name, made);
    this.nodes.addLinks(at, 1);
    return made;
  }
}
