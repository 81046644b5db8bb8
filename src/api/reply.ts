/** What a handler answers, as data. `write-reply.ts` puts it on the wire, `hijack.ts` the last kind. */

import type { AttachSession } from '../engine/contract.ts';

/** Everything that stays HTTP. */
export type PlainReply =
  | { kind: 'empty'; status: number; headers?: Record<string, string> }
  | { kind: 'json'; status: number; body: unknown }
  | { kind: 'text'; status: number; text: string; headers?: Record<string, string> }
  /** The headers leave at once, the chunks follow as they come and as the client takes them. */
  | {
      kind: 'stream';
      contentType: string;
      chunks: AsyncIterable<Uint8Array>;
      headers?: Record<string, string>;
    };

export type Reply = PlainReply | HijackReply;

/** The connection stops being HTTP and carries a process's streams. */
export interface HijackReply {
  kind: 'hijack';
  contentType: string;
  /** A terminal: bytes as they are. Otherwise frames, see `stream/multiplex.ts`. */
  raw: boolean;
  /** Whether the client's bytes go to the process. */
  input: boolean;
  /** Bytes of the key sequence that ends the connection and leaves the process running; empty: none. */
  detachKeys: Uint8Array;
  /** The key of the client's handshake, where the streams travel in messages of a web socket. */
  webSocketKey?: string;
  /** Called when the client has been told that the connection is its own; a failure is written to it as output. */
  open(): Promise<AttachSession>;
}

export const noContent: PlainReply = { kind: 'empty', status: 204 };

export function json(body: unknown, status = 200): PlainReply {
  return { kind: 'json', status, body };
}

export function stream(contentType: string, chunks: AsyncIterable<Uint8Array>): PlainReply {
  return { kind: 'stream', contentType, chunks };
}
