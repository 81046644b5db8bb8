/**
 * A connection that has stopped being HTTP: the process's output goes to the client, the client's bytes to the process, each direction ends on its
 * own. Backpressure runs through both: a client that does not read stops the process's writes, a process that does not read stops the client's.
 */

import type { Duplex } from 'node:stream';
import { TiffinError } from '../base/errors.ts';
import type { AttachSession, OutputChunk } from '../engine/contract.ts';
import { describeError } from './errors.ts';
import { RAW_UPGRADE } from './old-hijack.ts';
import { type HijackReply, type PlainReply, stream } from './reply.ts';
import { DetachScanner } from './stream/detach-keys.ts';
import { frame } from './stream/multiplex.ts';
import { writeChunks } from './write-chunks.ts';

/** How long a client may take to close its side once the output has been sent, ms. */
const LINGER_MS = 10_000;

/** The answer that ends HTTP: 101 to a client that asked for an upgrade, 200 to one that takes it for granted. */
export function hijackHead(upgrade: string | undefined, contentType: string): string {
  if (upgrade === RAW_UPGRADE) return `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\n\r\n`;
  return [
    'HTTP/1.1 101 UPGRADED',
    `Content-Type: ${contentType}`,
    'Connection: Upgrade',
    'Upgrade: tcp',
    '\r\n',
  ].join('\r\n');
}

/** Resolves when the output has ended or the client has gone. A rejection is a defect. */
export async function runHijack(socket: Duplex, reply: HijackReply): Promise<void> {
  // Without a listener a reset by the client would end the engine; the closing is seen by the `close` event.
  socket.on('error', () => undefined);
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const ready = (session: AttachSession) => pumpInput(socket, session, reply);
  try {
    await writeChunks(socket, processOutput(reply, gone.signal, ready));
  } finally {
    endGently(socket);
  }
}

/** The same for a connection that stays HTTP: the output alone, as the body of the answer. */
export function outputReply(reply: HijackReply, signal: AbortSignal): PlainReply {
  return stream(reply.contentType, processOutput(reply, signal));
}

async function* processOutput(
  reply: HijackReply,
  gone: AbortSignal,
  ready: (session: AttachSession) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const encode = reply.raw ? (chunk: OutputChunk) => chunk.bytes : frame;
  try {
    using session = await reply.open();
    gone.addEventListener('abort', () => session.close());
    if (gone.aborted) return;
    ready(session);
    for await (const chunk of session.output) yield encode(chunk);
  } catch (error) {
    // The client stopped reading HTTP: what there is to say goes where it looks, as Docker does.
    yield encode({ stream: 2, bytes: Buffer.from(`${describeError(error)}\r\n`) });
    if (!(error instanceof TiffinError)) throw error;
  }
}

function pumpInput(socket: Duplex, session: AttachSession, reply: HijackReply): void {
  if (!reply.input) {
    socket.resume();
    return;
  }
  const scanner = new DetachScanner(reply.detachKeys);
  let open = true;
  socket.on('data', (bytes: Buffer) => {
    if (!open) return;
    const { pass, detached } = scanner.push(bytes);
    socket.pause();
    const written = pass.length === 0 ? Promise.resolve() : session.write(pass);
    // A refused write means that nobody reads any more; the output says how it ended.
    written
      .catch(() => undefined)
      .then(() => {
        if (detached) session.detach();
        socket.resume();
      });
    if (detached) open = false;
  });
  socket.on('end', () => {
    if (open) session.closeInput();
  });
  socket.resume();
}

/**
 * Ends our side, and reads what the client still sends, so that it is not reset before it has read everything. The clock runs from the moment
 * the kernel has all of the output: a slow reader keeps its connection.
 */
function endGently(socket: Duplex): void {
  socket.resume();
  socket.end(() => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  });
}
