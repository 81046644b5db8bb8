/** Builds: Docker's classic answer, and one for Tiffin's own client that tells everything. */

import { TiffinError } from '../../base/errors.ts';
import type { BuildEvent } from '../../build/events.ts';
import { BuildFailure, StepFailed } from '../../engine/contract.ts';
import type { BuildRequest } from '../../spec/docker.ts';
import { parseJson } from '../../spec/json-object.ts';
import { familiarReference, parseReference, withDefaultTag } from '../../spec/reference.ts';
import type { Call } from '../call.ts';
import { describeError } from '../errors.ts';
import { parseFilters } from '../filters.ts';
import { parseBuildDocument, parseBuildQuery } from '../parse/build.ts';
import { json, type Reply, stream } from '../reply.ts';
import { ClassicBuild } from '../stream/classic-build.ts';
import { EventQueue } from '../stream/event-queue.ts';
import { jsonLine } from '../stream/json-lines.ts';
import { splitHead } from '../stream/split-head.ts';
import { started } from '../stream/started.ts';

const MAX_DOCUMENT = 64 * 1024 * 1024;

export async function buildImage(call: Call): Promise<Reply> {
  const { query, header, body } = call;
  if (query.text('version') === '2') throw noBuildKit();
  const request = parseBuildQuery(query, header('x-registry-config'));
  const running = await start(call, request, body.stream());
  const lines = query.flag('q') ? quietLines(running) : classicLines(running, request);
  return stream('application/json', lines);
}

/** The document, u32 little endian length ahead, then the context. */
export async function buildFramed(call: Call): Promise<Reply> {
  const { head, rest } = await splitHead(call.body.stream(), MAX_DOCUMENT);
  const request = parseBuildDocument(parseJson(head, 'build'));
  return stream('application/json', eventLines(await start(call, request, rest)));
}

/** All files of an image as one tar. */
export async function imageFiles({ engine, path }: Call): Promise<Reply> {
  return stream('application/x-tar', await started(engine.builds.files(path.get('name'))));
}

export async function pruneBuilds({ engine, query }: Call): Promise<Reply> {
  const filters = parseFilters(query, 'buildPrune');
  const until = filters.get('until')?.[0] ?? filters.get('unused-for')?.[0];
  const keep = ['keep-storage', 'reserved-space', 'max-used-space'].map((name) =>
    query.integer(name, 0, Number.MAX_SAFE_INTEGER),
  );
  const options = {
    all: query.flag('all'),
    keepBytes: keep.find((value) => value !== undefined) ?? 0,
    unusedSince: until === undefined ? undefined : engine.builds.parseAge(until),
    ids: [...(filters.get('id') ?? [])],
  };
  return json(await engine.builds.prune(options));
}

interface Running {
  queue: EventQueue<BuildEvent>;
  done: Promise<string>;
}

/** Resolves with the first event; what fails before it becomes an HTTP status. */
async function start(
  { engine, signal }: Call,
  request: BuildRequest,
  body: AsyncIterable<Uint8Array>,
): Promise<Running> {
  const queue = new EventQueue<BuildEvent>();
  const begun = Promise.withResolvers<void>();
  const onEvent = (event: BuildEvent) => {
    begun.resolve();
    return queue.push(event);
  };
  const done = engine.builds.build(request, body, { onEvent, signal }).finally(() => queue.end());
  // Observed by whoever writes the lines; without this a failure before that would count as unhandled.
  done.catch(() => undefined);
  try {
    await Promise.race([begun.promise, done]);
  } catch (error) {
    throw error instanceof BuildFailure ? withExcerpt(error) : error;
  }
  return { queue, done };
}

async function* classicLines(
  { queue, done }: Running,
  request: BuildRequest,
): AsyncGenerator<Uint8Array> {
  const classic = new ClassicBuild();
  for await (const event of queue) {
    for (const text of classic.take(event)) yield jsonLine({ stream: text });
  }
  for (const text of classic.rest()) yield jsonLine({ stream: text });
  try {
    const id = await done;
    yield jsonLine({ aux: { ID: id } });
    yield jsonLine({ stream: `Successfully built ${id.slice(7, 19)}\n` });
    for (const tag of request.tags) {
      const name = familiarReference(withDefaultTag(parseReference(tag)));
      yield jsonLine({ stream: `Successfully tagged ${name}\n` });
    }
  } catch (error) {
    yield jsonLine(classicError(error));
  }
}

async function* quietLines({ queue, done }: Running): AsyncGenerator<Uint8Array> {
  for await (const _event of queue) {
    // Read, so that the build goes on.
  }
  try {
    yield jsonLine({ stream: `${await done}\n` });
  } catch (error) {
    yield jsonLine(classicError(error));
  }
}

function classicError(error: unknown): object {
  const cause = error instanceof BuildFailure ? error.failure : error;
  if (cause instanceof StepFailed) {
    const message = `The command '${cause.command}' returned a non-zero code: ${cause.status}`;
    return { errorDetail: { code: cause.status, message }, error: message };
  }
  const message = describeError(error instanceof BuildFailure ? withExcerpt(error) : error);
  return { errorDetail: { message }, error: message };
}

async function* eventLines({ queue, done }: Running): AsyncGenerator<Uint8Array> {
  for await (const event of queue) yield jsonLine(encodeEvent(event));
  try {
    yield jsonLine({ kind: 'built', id: await done });
  } catch (error) {
    const failure = error instanceof BuildFailure ? error.failure : error;
    yield jsonLine({
      kind: 'failed',
      message: describeError(failure),
      excerpt: error instanceof BuildFailure ? error.excerpt : '',
    });
  }
}

function encodeEvent(event: BuildEvent): object {
  if (event.kind !== 'output') return event;
  return { ...event, bytes: Buffer.from(event.bytes).toString('base64') };
}

/** The message with the Dockerfile's lines in front of it. */
function withExcerpt({ failure, excerpt }: BuildFailure): unknown {
  if (!(failure instanceof TiffinError) || excerpt === '') return failure;
  const message = `${failure.message}\n${excerpt}`;
  return Object.assign(Object.create(failure), { message });
}

function noBuildKit(): TiffinError {
  return new TiffinError(
    'unsupported',
    'no-buildkit',
    'this engine does not speak the BuildKit protocol',
    { hint: 'use tiffin build, or set DOCKER_BUILDKIT=0 for the docker client' },
  );
}
