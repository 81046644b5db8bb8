/**
 * Trees through the shim: `shim unpack` writes files below a directory from tree operations, `shim pack` reads a tree
 * as operations and `shim tar` as an archive. All resolve every path with openat2(2), so that no name in a stream and no link in a tree leads out.
 */

import { TiffinError } from '../base/errors.ts';

/** Bytes that may wait in this process for a tree that is being written. */
const WAITING_BYTES = 1024 * 1024;

/** Takes the bytes of tree operations, in any pieces. */
export interface TreeSink {
  /** Resolves when more may be written. @throws TiffinError `tree-failed` with the path and errno that the shim reports. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  /** After `tree-end`: resolves when the tree is complete; `synced` when it is on the disk too. */
  finish(): Promise<{ synced: Promise<void> }>;
  /** Ends the work; the tree is to be thrown away. */
  abort(): Promise<void>;
}

export interface UnpackOptions {
  /** A directory is never replaced by anything else, nor anything else by a directory. */
  keepKinds?: boolean;
  /** Whoever asked does not wait for the disk. */
  noSync?: boolean;
}

/**
 * Unpacks below a host directory or, with a plan, below a directory of the root that the plan's steps lead to, such as a
 * running container's (`join-process`, `root`), in a mount namespace of the shim's own.
 */
export function unpackTree(
  shim: string,
  directory: string,
  plan?: Uint8Array,
  options: UnpackOptions = {},
): TreeSink {
  return new UnpackProcess(shim, directory, plan, options);
}

/**
 * The tree at `path` in the root that the plan's steps lead to, as bytes of tree operations, ended by `tree-end`.
 * Breaking off the iteration ends the shim.
 *
 * @throws TiffinError `tree-failed`.
 */
export async function* packTree(
  shim: string,
  plan: Uint8Array,
  path = '/',
): AsyncGenerator<Uint8Array, void, void> {
  yield* output([shim, 'pack', '-', path], plan, `packing ${path}`);
}

export interface TarOptions {
  /** Name of the tree's root, which every other name begins with, unless it is `/`. Without one the root has no member. */
  name?: string;
  /**
   * Paths in the tree that are no members: a directory (its path ends with a slash) without what is in it, or a file that
   * is empty.
   */
  leaveOut?: readonly string[];
  /** Later times become this one, ns since 1970. */
  latestNs?: bigint | undefined;
  /** It becomes a layer, in which names that begin with `.wh.` mean that something is removed: a file of such a name is refused. */
  isLayer?: boolean;
}

const LATEST_NS = 2n ** 63n - 1n;

/**
 * The tree at `path` in the root that the plan's steps lead to, as a tar archive (ustar and pax). Whiteouts of overlayfs
 * become those of an image layer (image-spec layer.md); sockets are left out.
 *
 * @throws TiffinError `tree-failed`; then what came is not an archive.
 */
export async function* tarTree(
  shim: string,
  plan: Uint8Array,
  path: string,
  { name = '', leaveOut = [], latestNs = LATEST_NS, isLayer = false }: TarOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const kind = isLayer ? 'layer' : 'tree';
  const command = [shim, 'tar', '-', path, name, String(latestNs), kind, ...leaveOut];
  yield* output(command, plan, `packing ${path}`);
}

/**
 * What the upper directory of an overlay changes of the root that the plan's steps lead to: records of a letter (A added,
 * C changed, D removed), the path from `/` on, and a NUL, in any pieces.
 *
 * @throws TiffinError `tree-failed`.
 */
export async function* treeChanges(
  shim: string,
  plan: Uint8Array,
  upper: string,
): AsyncGenerator<Uint8Array, void, void> {
  yield* output([shim, 'changes', '-', upper], plan, 'comparing trees');
}

export interface PathStatus {
  /** With type bits, inode(7). */
  mode: number;
  size: number;
  mtimeNs: bigint;
  /** Value of a symbolic link; else empty. */
  link: string;
}

/**
 * What is at `path` of the root that the plan's steps lead to. A link at its end is followed only when the path ends with a
 * slash or `/.`.
 *
 * @throws TiffinError `tree-failed`, of class `not-found` when there is nothing.
 */
export async function pathStatus(
  shim: string,
  plan: Uint8Array,
  path: string,
): Promise<PathStatus> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of output([shim, 'stat', '-', path], plan, `looking at ${path}`)) {
    chunks.push(chunk);
  }
  const [numbers = '', link = ''] = Buffer.concat(chunks).toString().split('\0');
  const [mode = '0', size = '0', mtime = '0'] = numbers.split(' ');
  return { mode: Number(mode), size: Number(size), mtimeNs: BigInt(mtime), link };
}

async function* output(
  command: readonly string[],
  plan: Uint8Array,
  what: string,
): AsyncGenerator<Uint8Array, void, void> {
  const child = Bun.spawn([...command], { stdin: plan, stdout: 'pipe', stderr: 'pipe', env: {} });
  const report = new Response(child.stderr).text();
  try {
    for await (const chunk of child.stdout) yield chunk;
    await endOf(child.exited, report, what);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}

function spawnUnpack(
  shim: string,
  directory: string,
  plan: Uint8Array | undefined,
  options: UnpackOptions,
) {
  const letters = `${options.keepKinds ? 'k' : ''}${options.noSync ? 'n' : ''}`;
  return Bun.spawn([shim, 'unpack', directory, plan === undefined ? '' : '-', letters], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    env: {},
  });
}

class UnpackProcess implements TreeSink {
  readonly #child: ReturnType<typeof spawnUnpack>;
  readonly #exit: Promise<void>;
  #waiting = 0;

  constructor(
    shim: string,
    directory: string,
    plan: Uint8Array | undefined,
    options: UnpackOptions,
  ) {
    this.#child = spawnUnpack(shim, directory, plan, options);
    const report = new Response(this.#child.stderr).text();
    this.#exit = endOf(this.#child.exited, report, `unpacking into ${directory}`);
    // Whoever waits for the end gets the failure; nobody waiting is no defect.
    this.#exit.catch(() => {});
    if (plan !== undefined) {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, plan.length, true);
      this.#child.stdin.write(length);
      this.#child.stdin.write(plan);
    }
  }

  async write(pieces: readonly Uint8Array[]): Promise<void> {
    try {
      for (const piece of pieces) {
        this.#child.stdin.write(piece);
        this.#waiting += piece.length;
        if (this.#waiting >= WAITING_BYTES) await this.#flush();
      }
    } catch (cause) {
      // A shim that fails closes its end of the pipe; its own words come first.
      await this.#exit;
      throw cause;
    }
  }

  async finish(): Promise<{ synced: Promise<void> }> {
    try {
      await this.#flush();
      await this.#child.stdin.end();
    } catch (cause) {
      await this.#exit;
      throw cause;
    }
    const reader = this.#child.stdout.getReader();
    const { done } = await reader.read();
    if (done) await this.#exit;
    return { synced: this.#exit };
  }

  async abort(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }

  async #flush(): Promise<void> {
    this.#waiting = 0;
    // A shim that ended takes nothing more, and its pipe may never say so.
    await Promise.race([this.#child.stdin.flush(), this.#exit]);
  }
}

/** Settles with the process: its report, "errno operation path", as an error. */
async function endOf(
  exited: Promise<number>,
  report: Promise<string>,
  what: string,
): Promise<void> {
  if ((await exited) === 0) return;
  const [, errno = '', operation = '', path = ''] =
    /^(\d+) (\S+) ([^\n]*)/.exec(await report) ?? [];
  if (errno === EILSEQ) {
    const message = `${what}: /${path}: a name that begins with .wh. would remove a file in an image`;
    throw new TiffinError('invalid', 'whiteout-name', message, { hint: 'rename or remove it' });
  }
  const name =
    ERRNO_NAMES.get(Number(errno)) ?? (errno === '' ? 'the shim died' : `errno ${errno}`);
  const full = name === 'ENOSPC' || name === 'EDQUOT';
  throw new TiffinError(
    full ? 'exhausted' : name === 'ENOENT' ? 'not-found' : name === 'EROFS' ? 'denied' : 'invalid',
    'tree-failed',
    `${what}: ${operation} ${path}: ${name}`,
    full ? { hint: 'free some disk space and try again' } : {},
  );
}

/** What the shim says of a name that a layer cannot hold. */
const EILSEQ = '84';

/** What the tree operations run into; <asm-generic/errno.h>. */
const ERRNO_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'EPERM'],
  [2, 'ENOENT'],
  [5, 'EIO'],
  [12, 'ENOMEM'],
  [13, 'EACCES'],
  [17, 'EEXIST'],
  [18, 'EXDEV'],
  [20, 'ENOTDIR'],
  [21, 'EISDIR'],
  [22, 'EINVAL'],
  [24, 'EMFILE'],
  [27, 'EFBIG'],
  [28, 'ENOSPC'],
  [30, 'EROFS'],
  [31, 'EMLINK'],
  [32, 'the stream broke off'],
  [36, 'ENAMETOOLONG'],
  [40, 'ELOOP'],
  [74, 'broken operation'],
  [95, 'EOPNOTSUPP'],
  [122, 'EDQUOT'],
]);
