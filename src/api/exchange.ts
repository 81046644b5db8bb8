/** One request from its head to its last byte: version, route, handler, reply. */

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TiffinError } from '../base/errors.ts';
import type { Engine } from '../engine/contract.ts';
import { type Body, requestBody } from './body.ts';
import { errorReply, plainError } from './errors.ts';
import { hijackHead, outputReply, runHijack } from './hijack.ts';
import { Query } from './query.ts';
import { json, type PlainReply, type Reply } from './reply.ts';
import type { Router } from './router.ts';
import { upgradeBody } from './upgrade-body.ts';
import { isTooOld, splitVersion } from './version.ts';
import { webSocketHead } from './websocket/handshake.ts';
import { WebSocketStream } from './websocket/stream.ts';
import { writeReply } from './write-reply.ts';

export interface Exchange {
  engine: Engine;
  router: Router;
  /** Sent with every answer. */
  headers: Readonly<Record<string, string>>;
  /** How long a JSON body may take to arrive, ms. */
  bodyMs: number;
  /** Throws for requests that are not to be answered whatever they ask. */
  check?: (request: IncomingMessage) => void;
  /** Told of every answer, for `--debug`. */
  onAnswer?: (request: IncomingMessage, status: number) => void;
  /** Told of what is a defect of ours; the client gets no more than its message. */
  onDefect(error: unknown): void;
}

/** An ordinary request. A rejection is a defect. */
export async function serveRequest(
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const reply = await answer(exchange, {
    request,
    body: requestBody(request, exchange.bodyMs),
    signal: gone.signal,
    requireInput: refuseInput,
  });
  exchange.onAnswer?.(request, statusOf(reply));
  const plain = reply.kind === 'hijack' ? outputReply(reply, gone.signal) : reply;
  // What is left of a body that did not arrive would be read as the next request.
  if ('status' in plain && plain.status === REQUEST_TIMEOUT) response.shouldKeepAlive = false;
  await respond(exchange, response, plain);
}

const REQUEST_TIMEOUT = 408;

/** A request that asks to leave HTTP; its handler may still answer in HTTP. A rejection is a defect. */
export async function serveUpgrade(
  exchange: Exchange,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  // The server has let go of the socket: without a listener a reset by the client would end the engine.
  socket.on('error', () => undefined);
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const reply = await answerUpgrade(exchange, request, socket, head, gone.signal);
  exchange.onAnswer?.(request, statusOf(reply));
  if (reply.kind !== 'hijack') return refuseUpgrade(exchange, request, socket, reply);
  if (reply.webSocketKey !== undefined) {
    socket.write(webSocketHead(reply.webSocketKey));
    return runHijack(new WebSocketStream(socket), reply);
  }
  socket.write(hijackHead(request.headers.upgrade, reply.contentType));
  await runHijack(socket, reply);
}

const SWITCHING = 101;

function statusOf(reply: Reply): number {
  if ('status' in reply) return reply.status;
  return reply.kind === 'hijack' ? SWITCHING : 200;
}

async function answerUpgrade(
  exchange: Exchange,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  signal: AbortSignal,
): Promise<Reply> {
  try {
    const body = await upgradeBody(request, socket, head, exchange.bodyMs);
    return await answer(exchange, { request, body, signal, requireInput: () => undefined });
  } catch (error) {
    return failure(exchange, error);
  }
}

interface Question {
  request: IncomingMessage;
  body: Body;
  signal: AbortSignal;
  requireInput(): void;
}

async function answer(exchange: Exchange, question: Question): Promise<Reply> {
  const { request } = question;
  try {
    exchange.check?.(request);
    const { path, search } = splitTarget(request.url ?? '/');
    const { minor, rest } = splitVersion(path);
    const match = exchange.router.find(request.method ?? 'GET', rest);
    if (match === undefined) return json({ message: 'page not found' }, 404);
    return await match.handler({
      engine: exchange.engine,
      path: match.parameters,
      query: new Query(search),
      header: (name) => firstValue(request.headers[name]),
      body: question.body,
      signal: question.signal,
      requireInput: question.requireInput,
      version: minor,
    });
  } catch (error) {
    return failure(exchange, error);
  }
}

function failure(exchange: Exchange, error: unknown): PlainReply {
  if (!(error instanceof TiffinError)) exchange.onDefect(error);
  return isTooOld(error) ? plainError(error) : errorReply(error);
}

async function respond(
  exchange: Exchange,
  response: ServerResponse,
  reply: PlainReply,
): Promise<void> {
  for (const [name, value] of Object.entries(exchange.headers)) response.setHeader(name, value);
  try {
    await writeReply(response, reply);
  } catch (error) {
    // The headers have left: cutting the connection is the only way to say that the answer is incomplete.
    response.destroy();
    if (!(error instanceof TiffinError)) exchange.onDefect(error);
  }
}

/** Only the first request of a connection can become a stream without `Upgrade`: see `old-hijack.ts`. */
function refuseInput(): never {
  const message = 'this connection cannot carry input';
  const hint = 'send the headers Connection: Upgrade and Upgrade: tcp, or ask on a new connection';
  throw new TiffinError('invalid', 'no-upgrade', message, { hint });
}

/** Answers in HTTP on a socket the server has let go of, and closes it. */
async function refuseUpgrade(
  exchange: Exchange,
  request: IncomingMessage,
  socket: Socket,
  reply: PlainReply,
): Promise<void> {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => socket.end());
  await respond(exchange, response, reply);
}

function splitTarget(target: string): { path: string; search: string } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, search: '' };
  return { path: target.slice(0, mark), search: target.slice(mark + 1) };
}

function firstValue(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
