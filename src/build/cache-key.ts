/** Keys of steps: equal keys mean that the step would give the same files. Made of content, never of times. */

import { sha256Digest } from '../spec/digest.ts';
import type { Layers, RunRequest, Source } from './worker.ts';

/** Changes when steps come to mean something else. */
const VERSION = 1;

/** A file system by what it holds. */
export function layersKey(layers: Layers): string {
  return sha256Digest(layers.map(({ diffId }) => diffId).join('\n'));
}

export function stepKey(...parts: readonly unknown[]): string {
  return sha256Digest(JSON.stringify([VERSION, ...parts]));
}

export function sourceKey(source: Source): string {
  switch (source.kind) {
    case 'layers':
      return layersKey(source.layers);
    case 'inline':
      return stepKey(source.name, source.content);
    case 'context':
      return 'context';
    default:
      return source.url;
  }
}

/** `proxies` are in `env` but say nothing about the result; `mounts` are digests of what is mounted. */
export function runKey(
  request: Omit<RunRequest, 'report'>,
  proxies: ReadonlySet<string>,
  mounts: readonly string[],
): string {
  const env = request.env.filter((entry) => !proxies.has(entry.slice(0, entry.indexOf('='))));
  const described = request.mounts.map((mount, at) => ({
    ...mount,
    from: mounts[at] ?? '',
  }));
  const { args, user, workingDirectory, network, insecure, epoch } = request;
  return stepKey('run', layersKey(request.onto), {
    args,
    env,
    user,
    workingDirectory,
    network,
    insecure,
    epoch,
    mounts: described,
  });
}
