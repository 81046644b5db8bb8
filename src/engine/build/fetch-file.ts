/** ADD of an address: one file, bounded in size, over http and https only. */

import { errorMessage, TiffinError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { StepReport } from '../../build/worker.ts';
import type { FileTree } from './file-tree.ts';
import { fileName } from './sources.ts';

const MAX_BYTES = 16 * 1024 ** 3;
/** As docker has it: what comes from the network is its owner's alone. */
const MODE = 0o600;

export async function fetchFile(tree: FileTree, url: string, report: StepReport): Promise<void> {
  const response = await get(url, report);
  const modified = Date.parse(response.headers.get('last-modified') ?? '');
  const mtimeNs = Number.isFinite(modified) ? BigInt(modified) * 1_000_000n : 0n;
  await tree.addFile(fileName(url), bounded(response), { mode: MODE, mtimeNs });
}

async function get(url: string, report: StepReport): Promise<Response> {
  let response: Response;
  try {
    response = await follow(url, report.signal);
  } catch (cause) {
    if (cause instanceof TiffinError) throw cause;
    if (report.signal.aborted)
      throw new TiffinError('cancelled', 'build-cancelled', 'the build was cancelled');
    throw failed(`failed to load ${url}: ${errorMessage(cause)}`);
  }
  if (response.ok) return response;
  await response.body?.cancel();
  throw failed(`failed to load ${url}: the server answered ${response.status}`);
}

/** Never from https to http: whoever sits between could give another file. */
async function follow(url: string, signal: AbortSignal): Promise<Response> {
  let at = url;
  for (let hops = 0; hops <= limits.registryRedirects; hops += 1) {
    const headers = { 'accept-encoding': 'identity' };
    const response = await fetch(at, { signal, headers, redirect: 'manual' });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, at);
    const isWeb =
      next.protocol === 'https:' || (next.protocol === 'http:' && !at.startsWith('https:'));
    if (!isWeb) throw failed(`${at} redirects to ${next.protocol}//, which is not followed`);
    at = next.href;
  }
  throw failed(`${url} redirects more than ${limits.registryRedirects} times`);
}

async function* bounded(response: Response): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw failed(`the file is larger than ${MAX_BYTES} bytes`);
    yield chunk;
  }
}

function failed(message: string): TiffinError {
  return new TiffinError('unavailable', 'source-unavailable', message, {
    hint: 'check the address and the network of the engine',
  });
}
