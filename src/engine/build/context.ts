/** The files that a build starts from: the body of the request, a repository, an archive or one Dockerfile at an address. */

import { join, posix } from 'node:path';
import { DockerfileError } from '../../build/dockerfile-error.ts';
import { buildLimits } from '../../build/limits.ts';
import type { StepReport } from '../../build/worker.ts';
import type { BuildRequest } from '../../spec/docker.ts';
import { peek } from '../../store/compression.ts';
import { looksLikeArchive } from './archive-magic.ts';
import { fetchFile } from './fetch-file.ts';
import { FileTree } from './file-tree.ts';
import { cloneRepository } from './git.ts';
import type { Workspace } from './workspace.ts';

const HEAD_BYTES = 512;

export interface BuildContext extends AsyncDisposable {
  tree: FileTree;
  /** Throws `DockerfileError` when there is none. */
  dockerfile(): Promise<string>;
  /** Of a small file; undefined when it is not there. */
  text(path: string): Promise<string | undefined>;
}

export async function openContext(
  request: BuildRequest,
  body: AsyncIterable<Uint8Array>,
  workspace: Workspace,
  report: StepReport,
): Promise<BuildContext> {
  const tree = new FileTree(join(workspace.paths.directory, 'context'));
  try {
    if (request.remote === '') await receiveBody(tree, request, body);
    else await receiveRemote(tree, request, workspace, report);
  } catch (error) {
    await tree[Symbol.asyncDispose]();
    throw error;
  }
  const text = (path: string) => readText(tree, path);
  return {
    tree,
    text,
    dockerfile: async () => request.dockerfileText ?? (await findDockerfile(request, text)),
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  };
}

/** An archive, or nothing. */
async function receiveBody(
  tree: FileTree,
  request: BuildRequest,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { head, rest } = await peek(body, HEAD_BYTES);
  if (head.length === 0) return;
  const isText = !looksLikeArchive(head) && !head.includes(0);
  if (isText && request.dockerfileText === undefined) {
    await tree.addFile(posix.normalize(request.dockerfile), rest);
    return;
  }
  await tree.receive(rest);
}

async function receiveRemote(
  tree: FileTree,
  request: BuildRequest,
  workspace: Workspace,
  report: StepReport,
): Promise<void> {
  const { remote } = request;
  const [address = ''] = remote.split('#', 1);
  const isWeb = remote.startsWith('http://') || remote.startsWith('https://');
  if (!isWeb || address.endsWith('.git')) {
    const url =
      isWeb || remote.includes('://') || remote.startsWith('git@') ? remote : `https://${remote}`;
    await tree.receive(cloneRepository(url, workspace.directory('git-context'), report));
    return;
  }
  await using fetched = new FileTree(join(workspace.paths.directory, 'remote'));
  await fetchFile(fetched, remote, report);
  const [file] = fetched.entries();
  if (file !== undefined) await receiveBody(tree, request, fetched.read(file));
}

async function findDockerfile(
  request: BuildRequest,
  text: (path: string) => Promise<string | undefined>,
): Promise<string> {
  const path = request.dockerfile;
  const other = path === 'Dockerfile' ? await text('dockerfile') : undefined;
  const found = (await text(path)) ?? other;
  if (found !== undefined) return found;
  throw new DockerfileError(`Cannot locate specified Dockerfile: ${path.slice(0, 300)}`);
}

async function readText(tree: FileTree, path: string): Promise<string | undefined> {
  const entry = tree.follow(path);
  if (entry?.kind !== 'file') return undefined;
  if (entry.size > buildLimits.dockerfileBytes) {
    throw new DockerfileError(`${path} is larger than ${buildLimits.dockerfileBytes} bytes`);
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of tree.read(entry)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
