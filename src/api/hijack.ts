/**
 * A connection that has stopped being HTTP: the process's output goes to the client, the client's bytes to the process, each direction ends on its
 * own. Backpressure runs through both: a client that does not read stops the process's writes, a process that does not read stops the client's.
 */

import type { Duplex } from 'node:stream';
import { TiffinError } from '../base/errors.ts';
import type { AttachSession } from '../engine/contract.ts';
import { describeError } from './errors.ts';
import { RAW_UPGRADE } from './old-hijack.ts';
import type { HijackReply } from './reply.ts';
import { DetachScanner } from './stream/detach-keys.ts';
import { frame } from './stream/multiplex.ts';

/** How long a client may take to close its side once the output has ended, ms. */
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

/** Resolves when the output has ended or the client has gone. */
export async function runHijack(socket: Duplex, reply: HijackReply): Promise<void> {
  // Without a listener a reset by the client would end the engine; the closing is seen by the `close` event.
  socket.on('error', () => undefined);
  try {
    const session = await reply.open();
    try {
      pumpInput(socket, session, reply);
      await pumpOutput(socket, session, reply.raw);
    } finally {
      session.close();
    }
  } catch (error) {
    // The client stopped reading HTTP: what there is to say goes where it looks, as Docker does.
    const bytes = Buffer.from(`${describeError(error)}\r\n`);
    if (!socket.destroyed) socket.write(reply.raw ? bytes : frame({ stream: 2, bytes }));
    if (!(error instanceof TiffinError)) throw error;
  } finally {
    endGently(socket);
  }
}

async function pumpOutput(socket: Duplex, session: AttachSession, raw: boolean): Promise<void> {
  // A closed socket ends the session, which ends the iteration.
  socket.once('close', () => session.close());
  if (socket.destroyed) return;
  for await (const chunk of session.output) {
    if (socket.destroyed) return;
    if (!socket.write(raw ? chunk.bytes : frame(chunk))) await drained(socket);
  }
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
    if (socket.destroyed) done();
  });
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
        if (detached) session.close();
        socket.resume();
      });
    if (detached) open = false;
  });
  socket.on('end', () => {
    if (open) session.closeInput();
  });
  socket.resume();
}

/** Ends our side, reads what the client still sends so that it is not reset before it has read everything, and does not wait for ever. */
function endGently(socket: Duplex): void {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
