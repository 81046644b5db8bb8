/** One HTTP request with a limit on silence; redirects are the caller's business. */

import { TiffinError } from '../base/errors.ts';
import { certificatesFor } from './certificates.ts';

/** Milliseconds until the headers must have come, and between two pieces of a body. */
const silenceMs = 30_000;

export interface HttpOptions {
  method: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | Blob;
  /** Milliseconds until the answer's headers must have come; default 30 s. An upload takes its time. */
  answerWithinMs?: number;
  signal: AbortSignal;
}

/**
 * Sends it as it is: no redirect is followed, for an Authorization header must not travel to another host, and the
 * body is not decoded, for digests are over the bytes that were sent. Throws when nothing comes within 30 s.
 */
export async function httpRequest(url: string, options: HttpOptions): Promise<Response> {
  const silence = new AbortController();
  const limitMs = options.answerWithinMs ?? silenceMs;
  const timer = setTimeout(
    () => silence.abort(new Error(`no answer within ${Math.round(limitMs / 1000)} s`)),
    limitMs,
  );
  const tls = url.startsWith('https:') ? await certificatesFor(new URL(url).host) : undefined;
  try {
    return await fetch(url, {
      ...(tls === undefined ? {} : { tls }),
      method: options.method,
      headers: { 'user-agent': 'tiffin', 'accept-encoding': 'identity', ...options.headers },
      ...(options.body === undefined ? {} : { body: options.body }),
      redirect: 'manual',
      decompress: false,
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The body in chunks; a connection that falls silent for 30 s is an error, not a transfer that never ends. */
export async function* bodyChunks(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The whole body. Throws `invalid` as soon as it is larger than `limit` bytes. */
export async function boundedBody(response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(response)) {
    size += chunk.length;
    if (size > limit) {
      const message = `the registry's answer is larger than ${limit} bytes`;
      throw new TiffinError('invalid', 'registry-answer-too-large', message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function withinSilence<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no data for ${silenceMs / 1000} s`)), silenceMs);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
