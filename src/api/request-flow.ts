/**
 * Back-pressure for request bodies. A server that is handed its connections reads them as fast as they come, and keeps in memory what no handler
 * has taken yet: an upload faster than the disk would be in memory as a whole.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes that may wait for a handler. Beyond, the connection is not read until half of them are taken. */
export const READ_AHEAD = 512 * 1024;

/** From now on the connection is read no faster than the body is taken; once the answer is out, the rest of the body is read and dropped. */
export function limitReadAhead(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const look = () => {
    if (request.readableLength > READ_AHEAD) socket.pause();
  };
  const release = () => {
    socket.off('data', look);
    // Whoever sends on after a refusal is not kept waiting; the bytes are gone at once.
    request.resume();
    socket.resume();
  };
  socket.on('data', look);
  request.once('end', () => socket.off('data', look));
  response.once('finish', release);
  response.once('close', release);
}

/** To be called when a piece of the body has been taken. */
export function readOn(request: IncomingMessage): void {
  if (request.readableLength <= READ_AHEAD / 2 && request.socket.isPaused())
    request.socket.resume();
}
