/** Asks DNS servers as the host reaches them. Every query has a socket and a random id of its own. */

import { limits } from '../base/limits.ts';

export interface AskOptions {
  transport: 'udp' | 'tcp';
  /** Whether the message is the response to the question; others are not looked at. */
  accept(answer: Uint8Array): boolean;
  /** Whether to be content with it while there are other servers. */
  usable(answer: Uint8Array): boolean;
  /** When to give up. */
  limitMs: number;
}

export interface NameServers {
  /**
   * The first usable answer; the next server is asked when one is silent for a while, unreachable, or gives nothing
   * usable. The answer has the id of `query`. Undefined: nobody answered in time.
   */
  ask(
    query: Uint8Array,
    servers: readonly string[],
    options: AskOptions,
  ): Promise<Uint8Array | undefined>;
}

const PORT = 53;

/** The real servers. */
export const nameServers: NameServers = { ask };

async function ask(
  query: Uint8Array,
  servers: readonly string[],
  options: AskOptions,
): Promise<Uint8Array | undefined> {
  const { promise: usable, resolve } = Promise.withResolvers<Uint8Array | undefined>();
  const stop = new AbortController();
  let fallback: Uint8Array | undefined;
  const one = async (server: string): Promise<void> => {
    const answer = await exchange(query, server, options, stop.signal);
    if (answer !== undefined && options.usable(answer)) resolve(answer);
    else fallback ??= answer;
  };
  const deadline = setTimeout(() => resolve(undefined), options.limitMs);
  // Datagrams are lost now and then: a second round while the first may still be answered.
  const rounds = options.transport === 'udp' ? [...servers, ...servers] : servers;
  void askInTurn(rounds, one, usable).then(() => resolve(undefined));
  const answer = (await usable) ?? fallback;
  clearTimeout(deadline);
  stop.abort();
  return answer;
}

/** A silent server does not hold up the next one, and may still answer. */
async function askInTurn(
  servers: readonly string[],
  one: (server: string) => Promise<void>,
  done: Promise<unknown>,
): Promise<void> {
  const asked: Promise<void>[] = [];
  let over = false;
  void done.then(() => {
    over = true;
  });
  for (const server of servers) {
    if (over) return;
    const answered = one(server);
    asked.push(answered);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limits.nameServerMs);
    });
    await Promise.race([answered, patience, done]);
    clearTimeout(timer);
  }
  await Promise.all(asked);
}

/** Undefined: no answer, for whatever reason. */
async function exchange(
  query: Uint8Array,
  server: string,
  { transport, accept }: AskOptions,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const id = crypto.getRandomValues(new Uint8Array(2));
  const sent = query.slice();
  sent.set(id);
  const isAnswer = (message: Uint8Array): boolean =>
    message.length >= 2 && message[0] === id[0] && message[1] === id[1] && accept(message);
  const send = transport === 'udp' ? overUdp : overTcp;
  const answer = await send(sent, server, isAnswer, signal);
  answer?.set(query.subarray(0, 2));
  return answer;
}

type IsAnswer = (message: Uint8Array) => boolean;

async function overUdp(
  query: Uint8Array,
  server: string,
  isAnswer: IsAnswer,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
  let socket: Awaited<ReturnType<typeof connectedSocket>>;
  try {
    socket = await connectedSocket(server, (message) => {
      if (message === undefined) resolve(undefined);
      else if (isAnswer(message)) resolve(Uint8Array.from(message));
    });
    if (!socket.send(query)) resolve(undefined);
  } catch {
    // No route to the server: another one may have one.
    return undefined;
  }
  return await settled(promise, resolve, signal, () => socket.close());
}

/** Connected: the kernel passes on nothing that others send, and tells when nobody is there (undefined). */
async function connectedSocket(server: string, take: (message: Uint8Array | undefined) => void) {
  return await Bun.udpSocket({
    hostname: server.includes(':') ? '::' : '0.0.0.0',
    connect: { hostname: server, port: PORT },
    socket: { data: (_, message) => take(message), error: () => take(undefined) },
  });
}

async function overTcp(
  query: Uint8Array,
  server: string,
  isAnswer: IsAnswer,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { connect } = await import('node:net');
  const socket = connect(PORT, server);
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
  let read = Buffer.alloc(0);
  socket.on('error', () => resolve(undefined));
  socket.on('close', () => resolve(undefined));
  socket.on('connect', () => {
    socket.write(Buffer.concat([Uint8Array.of(query.length >> 8, query.length & 0xff), query]));
  });
  socket.on('data', (part: Buffer) => {
    read = Buffer.concat([read, part]);
    const length = read.length < 2 ? Number.POSITIVE_INFINITY : read.readUInt16BE(0);
    if (read.length < 2 + length) return;
    const message = Uint8Array.from(read.subarray(2, 2 + length));
    resolve(isAnswer(message) ? message : undefined);
  });
  return await settled(promise, resolve, signal, () => socket.destroy());
}

async function settled<T>(
  promise: Promise<T | undefined>,
  resolve: (value: undefined) => void,
  signal: AbortSignal,
  close: () => void,
): Promise<T | undefined> {
  const stopped = (): void => resolve(undefined);
  signal.addEventListener('abort', stopped, { once: true });
  if (signal.aborted) stopped();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stopped);
    close();
  }
}
