/** The REST interface of cfs: an HTTP server on the loopback, a client of the engine as any other. */

import { errorMessage } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { Client } from '../../client/client.ts';
import { CliError } from '../../command.ts';
import type { Output } from '../../streams/output.ts';
import { foreignRequest, type ListenAddress, showAddress } from './address.ts';
import { Console } from './console.ts';
import { Containers } from './containers.ts';
import { History } from './history.ts';
import { BANNER } from './page.ts';
import { answer, type Context, type Reply, refusal } from './routes.ts';

export interface FrontOptions {
  client: Client;
  /** Folder of images; absolute. */
  folder: string;
  address: ListenAddress;
  /** Where the history lies. */
  stateDirectory: string;
  /** Where requests and the containers' output are printed; undefined: nowhere. */
  out: Output | undefined;
}

export interface Front {
  /** With the port that was really taken. */
  address: string;
  /** To be called once the engine answers: takes up the containers of an earlier server. */
  adopt(): Promise<void>;
  close(): Promise<void>;
}

const IDLE_SECONDS = 60;
const FAILED = 125;

/** Listens at once. Throws `CliError` when the address is taken or the history cannot be kept. */
export function openFront(options: FrontOptions): Front {
  // No request comes before this function has returned.
  const http = listen(options.address, (request, control) => guarded(request, control, context));
  const port = http.port ?? options.address.port;
  const address = showAddress({ ...options.address, port });
  const { client, folder, stateDirectory } = options;
  const console = new Console(options.out);
  const history = openHistory(stateDirectory, port);
  const server = `${stateDirectory}:${port}`;
  const containers = new Containers({ client, folder, history, server, console });
  const context: Context = { address, containers, history, console };
  console.say(`${BANNER}\nCFS Server running at: ${address}`);
  return {
    address,
    adopt: () => containers.adopt(),
    close: () => http.stop(true),
  };
}

async function guarded(
  request: Request,
  control: Bun.Server<undefined>,
  context: Context,
): Promise<Reply> {
  const foreign = foreignRequest(request.headers);
  if (foreign !== undefined) return refusal(403, foreign);
  if (control.pendingRequests > limits.cfsRequests) return refusal(503, 'too many requests');
  // A run that is waited for is silent for as long as the command takes.
  control.timeout(request, 0);
  try {
    return await answer(request, context);
  } catch (error) {
    return refusal(502, errorMessage(error));
  }
}

type Handler = (request: Request, control: Bun.Server<undefined>) => Promise<Reply>;

function listen({ host, port }: ListenAddress, handle: Handler): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: host,
      port,
      // The route refuses earlier, with words.
      maxRequestBodySize: 2 * limits.apiBodyBytes,
      idleTimeout: IDLE_SECONDS,
      fetch: async (request, control) => {
        const { status, type, body } = await handle(request, control);
        // One request per connection: nobody keeps one open for nothing.
        const headers = { 'Content-Type': type, Connection: 'close', 'Cache-Control': 'no-store' };
        return new Response(body, { status, headers });
      },
    });
  } catch (error) {
    const shown = showAddress({ host, port });
    throw new CliError(`cfs: cannot listen on ${shown}: ${errorMessage(error)}`, FAILED);
  }
}

function openHistory(directory: string, port: number): History {
  try {
    return new History(directory, `history-${port}.jsonl`, {
      entries: limits.cfsHistoryEntries,
      bytes: limits.cfsHistoryBytes,
    });
  } catch (error) {
    throw new CliError(`cfs: cannot keep the history: ${errorMessage(error)}`, FAILED);
  }
}
