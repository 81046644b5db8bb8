/** The body of a request: a JSON document of bounded size, or a stream. */

import type { IncomingMessage } from 'node:http';
import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { readOn } from './request-flow.ts';

export interface Body {
  /** The document, or undefined for an empty body. Docker's wording for what is not JSON. */
  json(): Promise<unknown>;
  /** The bytes as they arrive; stopping early leaves the connection usable for the answer. */
  stream(): AsyncIterable<Uint8Array>;
}

/** @param patienceMs how long a JSON body may take to arrive */
export function requestBody(request: IncomingMessage, patienceMs: number): Body {
  return {
    async json() {
      const arriving = collect(readRequest(request), limits.apiBodyBytes);
      const bytes = await withinTime(arriving, patienceMs);
      return parseJsonBody(bytes, request.headers['content-type']);
    },
    stream: () => readRequest(request),
  };
}

/** A body that has been read already, as on a connection about to be hijacked. */
export function bytesBody(bytes: Uint8Array, contentType: string | undefined): Body {
  return {
    json: async () => parseJsonBody(bytes, contentType),
    async *stream() {
      yield bytes;
    },
  };
}

/** A client that sends a byte now and then must not hold memory and a connection for ever. */
export async function withinTime(
  arriving: Promise<Uint8Array>,
  patienceMs: number,
): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `the request body did not arrive within ${patienceMs} ms`;
    late.reject(new TiffinError('cancelled', 'request-timeout', message));
  }, patienceMs);
  try {
    return await Promise.race([arriving, late.promise]);
  } finally {
    clearTimeout(timer);
    // Nobody waits for it once the time is over.
    arriving.catch(() => undefined);
  }
}

async function* readRequest(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    // The default iterator destroys the socket when its consumer stops early, and the answer with it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      readOn(request);
      yield chunk;
    }
  } catch (cause) {
    const message = 'the client went away before the request was complete';
    throw new TiffinError('cancelled', 'client-gone', message, { cause });
  }
}

/** Everything `source` yields. Throws `request-too-large` beyond `limit` bytes, without reading on. */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function tooLarge(limit: number): TiffinError {
  return new TiffinError(
    'invalid',
    'request-too-large',
    `the request body is larger than ${limit} bytes`,
  );
}

function parseJsonBody(bytes: Uint8Array, contentType: string | undefined): unknown {
  if (bytes.length === 0) return undefined;
  checkContentType(contentType);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TiffinError('invalid', 'bad-json', 'invalid JSON: not UTF-8', { cause });
  }
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TiffinError('invalid', 'bad-json', `invalid JSON: ${reason}`, { cause });
  }
}

function checkContentType(header: string | undefined): void {
  if (header === undefined || header === '') return;
  const type = header.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || type === 'text/json') return;
  throw new TiffinError(
    'invalid',
    'bad-content-type',
    `unsupported Content-Type header (${header}): must be 'application/json'`,
  );
}
