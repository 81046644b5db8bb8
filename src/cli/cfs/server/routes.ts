/** What each request is answered. */

import { errorMessage } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { Console } from './console.ts';
import { type Containers, RunFailure } from './containers.ts';
import type { History } from './history.ts';
import { indexPage } from './page.ts';
import { BadRequest, parseRunRequest, type RunRequest } from './run-request.ts';

export interface Reply {
  status: number;
  type: string;
  body: string;
}

export interface Context {
  /** As a client calls it. */
  address: string;
  containers: Containers;
  history: History;
  console: Console;
}

type Route = (context: Context, request: Request) => Promise<Reply>;

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const NO_CONTAINER = "This container doesn't exist, check the Container ID";

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['GET /', async ({ address }) => ({ status: 200, type: TEXT_TYPE, body: indexPage(address) })],
  ['GET /containers', listContainers],
  ['GET /history', listHistory],
  ['POST /run', run],
]);

/** Rejects when the engine does not answer. */
export async function answer(request: Request, context: Context): Promise<Reply> {
  const route = ROUTES.get(`${request.method} ${new URL(request.url).pathname}`);
  if (route === undefined) return { status: 404, type: TEXT_TYPE, body: '404 page not found\n' };
  return route(context, request);
}

export function refusal(status: number, message: string, more: object = {}): Reply {
  return json(status, { ...more, error: message });
}

function json(status: number, value: unknown): Reply {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(value)}\n` };
}

async function listContainers({ containers }: Context): Promise<Reply> {
  const list = await containers.list();
  return json(200, Object.fromEntries(list.map((entry) => [entry.id, entry])));
}

async function listHistory({ containers, history }: Context): Promise<Reply> {
  await containers.refresh();
  return json(200, history.entries);
}

async function run(context: Context, request: Request): Promise<Reply> {
  let asked: RunRequest;
  try {
    asked = parseRunRequest(await bodyOf(request));
  } catch (error) {
    if (error instanceof BadRequest) return refusal(400, error.message);
    if (error instanceof BadBody) return refusal(error.status, error.message);
    return refusal(400, `the body did not arrive: ${errorMessage(error)}`);
  }
  return asked.state === 'run' ? start(context, asked) : stop(context, asked.id);
}

async function start(
  { containers, console }: Context,
  asked: RunRequest & { state: 'run' },
): Promise<Reply> {
  try {
    const { entry, ...more } = await containers.run(asked);
    console.entry(entry);
    return json(200, { ...entry, ...more });
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    console.failure(error.message);
    console.entry(error.entry);
    return refusal(error.status, error.message, error.entry);
  }
}

async function stop({ containers, console }: Context, id: string): Promise<Reply> {
  const stopped = await containers.stop(id);
  if (stopped === undefined) return refusal(404, NO_CONTAINER);
  console.entry(stopped);
  return json(200, stopped);
}

/** A body that is refused for how it arrives. */
class BadBody extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A client that sends a byte now and then must not hold a request for ever. */
async function bodyOf(request: Request): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  const message = `the body did not arrive within ${limits.apiBodyMs} ms`;
  const timer = setTimeout(() => late.reject(new BadBody(408, message)), limits.apiBodyMs);
  try {
    return await Promise.race([collect(request), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function collect(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > limits.apiBodyBytes) {
      throw new BadBody(413, `the body is larger than ${limits.apiBodyBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
