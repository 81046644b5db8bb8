/** Puts a reply on an HTTP response, as fast as the client takes it and no faster. */

import type { ServerResponse } from 'node:http';
import type { PlainReply } from './reply.ts';
import { writeChunks } from './write-chunks.ts';

/** Resolves when everything was handed over or the client has gone. Throws what a stream's source throws. */
export async function writeReply(response: ServerResponse, reply: PlainReply): Promise<void> {
  switch (reply.kind) {
    case 'empty':
      response.writeHead(reply.status, reply.headers);
      response.end();
      return;
    case 'json':
      return writeWhole(response, reply.status, 'application/json', JSON.stringify(reply.body));
    case 'text':
      return writeWhole(
        response,
        reply.status,
        'text/plain; charset=utf-8',
        reply.text,
        reply.headers,
      );
    case 'stream':
      response.writeHead(200, { ...reply.headers, 'Content-Type': reply.contentType });
      // Clients wait for the headers before they go on: `docker run` starts the container once `wait` has answered.
      response.flushHeaders();
      await writeChunks(response, reply.chunks);
      response.end();
      return;
  }
}

function writeWhole(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(text);
  response.writeHead(status, {
    ...headers,
    'Content-Type': type,
    'Content-Length': String(bytes.length),
  });
  response.end(bytes);
}
