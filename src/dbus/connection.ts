/** A client of a message bus, or of a program that speaks D-Bus on a socket of its own. */

import { errorMessage, TiffinError } from '../base/errors.ts';
import { decodeMessage, encodeMessage, MESSAGE, type Message, messageLength } from './message.ts';
import type { Value } from './values.ts';

/** One call of a method. */
export interface Call {
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature?: string;
  body?: readonly Value[];
}

const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

/**
 * SASL EXTERNAL without a name: the other side takes the one that the kernel tells, which holds in a user namespace too,
 * where this process has another number. The specification's «Authentication Protocol».
 */
const GREETING = '\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n';
const MAX_LINE = 1024;

interface Waiting {
  done: (body: readonly Value[]) => void;
  failed: (error: Error) => void;
}

export class BusConnection {
  readonly #signals = new Set<(message: Message) => void>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #connected = Promise.withResolvers<void>();
  #send: (bytes: Uint8Array) => void = () => {};
  #close: () => void = () => {};
  #input = new Uint8Array();
  #authenticated = false;
  #ended: Error | undefined;
  #serial = 0;
  /** Without a bus between there is nobody to give a name, and messages have no destination. */
  readonly #bus: boolean;

  private constructor(bus: boolean) {
    this.#bus = bus;
  }

  /** @throws TiffinError `no-bus` when nobody answers at the socket. */
  static async open(path: string, options: { bus: boolean }): Promise<BusConnection> {
    const connection = new BusConnection(options.bus);
    try {
      await connection.#connect(path);
      await connection.#connected.promise;
    } catch (cause) {
      if (cause instanceof TiffinError) throw cause;
      throw noBus(`${path}: ${errorMessage(cause)}`);
    }
    if (options.bus) await connection.call({ ...BUS, member: 'Hello' });
    return connection;
  }

  /** The answer's values. @throws TiffinError `bus-error` with the error's name and words. */
  call(call: Call): Promise<readonly Value[]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#serial += 1;
    const { destination, signature = '', body = [], ...rest } = call;
    const message: Message = { type: MESSAGE.call, serial: this.#serial, ...rest, signature, body };
    if (this.#bus) message.destination = destination;
    const waiting = Promise.withResolvers<readonly Value[]>();
    this.#waiting.set(this.#serial, { done: waiting.resolve, failed: waiting.reject });
    this.#send(encodeMessage(message));
    return waiting.promise;
  }

  /** Asks the bus for the signals that the rule matches; `heard` gets these and any other that come. */
  async listen(rule: string, heard: (message: Message) => void): Promise<void> {
    this.#signals.add(heard);
    if (this.#bus) {
      await this.call({ ...BUS, member: 'AddMatch', signature: 's', body: [rule] });
    }
  }

  close(): void {
    this.#close();
    this.#end(noBus('the connection is closed'));
  }

  async #connect(path: string): Promise<void> {
    let unsent = new Uint8Array();
    const socket = await Bun.connect({
      unix: path,
      socket: {
        data: (_, chunk) => this.#take(chunk),
        drain: (connected) => {
          unsent = unsent.subarray(Math.max(0, connected.write(unsent)));
        },
        error: (_, error) => this.#end(error),
        close: () => this.#end(noBus(`${path}: the connection was closed`)),
      },
    });
    this.#close = () => socket.end();
    this.#send = (bytes) => {
      const written = unsent.length > 0 ? 0 : Math.max(0, socket.write(bytes));
      unsent = join(unsent, bytes.subarray(written));
    };
    this.#send(new TextEncoder().encode(GREETING));
  }

  #take(chunk: Uint8Array): void {
    this.#input = join(this.#input, chunk);
    try {
      if (!this.#authenticated) this.#readAnswer();
      if (this.#authenticated) this.#readMessages();
    } catch (error) {
      this.#end(error instanceof Error ? error : noBus('unknown'));
      this.#close();
    }
  }

  /** `DATA` and `OK <id>`, or `REJECTED`. */
  #readAnswer(): void {
    for (let end = this.#input.indexOf(10); end >= 0; end = this.#input.indexOf(10)) {
      const line = new TextDecoder().decode(this.#input.subarray(0, end)).trim();
      this.#input = this.#input.slice(end + 1);
      if (line.startsWith('OK')) {
        this.#authenticated = true;
        this.#connected.resolve();
        return;
      }
      if (!line.startsWith('DATA')) throw noBus(`refused: ${line.slice(0, 64)}`);
    }
    if (this.#input.length > MAX_LINE) throw noBus('an answer without end');
  }

  #readMessages(): void {
    for (;;) {
      const length = messageLength(this.#input);
      if (length === undefined || this.#input.length < length) return;
      const message = decodeMessage(this.#input.slice(0, length));
      this.#input = this.#input.slice(length);
      this.#deliver(message);
    }
  }

  #deliver(message: Message): void {
    if (message.type === MESSAGE.signal) for (const heard of this.#signals) heard(message);
    const waiting = this.#waiting.get(message.replySerial ?? 0);
    if (waiting === undefined) return;
    this.#waiting.delete(message.replySerial ?? 0);
    if (message.type === MESSAGE.error) waiting.failed(busError(message));
    else waiting.done(message.body);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#connected.reject(error);
    for (const { failed } of this.#waiting.values()) failed(error);
    this.#waiting.clear();
  }
}

/** The name of the error that the other side answered with, such as `org.freedesktop.systemd1.UnitExists`. */
export function busErrorName(error: unknown): string | undefined {
  return error instanceof TiffinError && error.code === 'bus-error'
    ? error.message.split(': ', 1)[0]
    : undefined;
}

function busError({ errorName = 'unknown', body }: Message): TiffinError {
  const text = typeof body[0] === 'string' ? body[0] : '';
  return new TiffinError('unavailable', 'bus-error', `${errorName}: ${text.slice(0, 512)}`);
}

function noBus(reason: string): TiffinError {
  return new TiffinError('unavailable', 'no-bus', `cannot talk to the message bus: ${reason}`);
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}
