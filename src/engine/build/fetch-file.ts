/** ADD of an address: one file, bounded in size, over http and https only. */

import { errorMessage, TiffinError } from '../../base/errors.ts';
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
    response = await fetch(url, {
      signal: report.signal,
      headers: { 'accept-encoding': 'identity' },
    });
  } catch (cause) {
    if (report.signal.aborted)
      throw new TiffinError('cancelled', 'build-cancelled', 'the build was cancelled');
    throw failed(`failed to load ${url}: ${errorMessage(cause)}`);
  }
  if (response.ok) return response;
  await response.body?.cancel();
  throw failed(`failed to load ${url}: the server answered ${response.status}`);
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
