/** A program on a message bus that answers as systemd's manager does, as far as a runtime asks it. */

import {
  decodeMessage,
  encodeMessage,
  MESSAGE,
  type Message,
  messageLength,
} from '../../src/dbus/message.ts';
import type { Value } from '../../src/dbus/values.ts';

const NAME = 'org.freedesktop.systemd1';
const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

export class StandIn {
  /** Properties by the unit's name. */
  readonly units = new Map<string, Value[]>();
  readonly failed = new Set<string>();
  readonly #ready = Promise.withResolvers<void>();
  #write: (bytes: Uint8Array) => void = () => {};
  #close: () => void = () => {};
  #serial = 0;
  #jobs = 0;

  static async start(path: string): Promise<StandIn> {
    const standIn = new StandIn();
    let input = Buffer.alloc(0);
    let greeted = false;
    const socket = await Bun.connect({
      unix: path,
      socket: {
        data: (_, chunk) => {
          input = Buffer.concat([input, chunk]);
          const line = input.indexOf('OK');
          if (!greeted && line >= 0 && input.includes('\n', line)) {
            input = input.subarray(input.indexOf('\n', line) + 1);
            greeted = true;
          }
          for (let length = 0; greeted; input = input.subarray(length)) {
            length = messageLength(input) ?? Number.POSITIVE_INFINITY;
            if (input.length < length) break;
            standIn.#take(decodeMessage(input.subarray(0, length)));
          }
        },
      },
    });
    standIn.#write = (bytes) => {
      socket.write(bytes);
    };
    standIn.#close = () => socket.end();
    socket.write('\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n');
    standIn.#send({ type: MESSAGE.call, ...BUS, member: 'Hello', body: [] });
    const body = [NAME, 0];
    standIn.#send({ type: MESSAGE.call, ...BUS, member: 'RequestName', signature: 'su', body });
    await standIn.#ready.promise;
    return standIn;
  }

  close(): void {
    this.#close();
  }

  #take(message: Message): void {
    // The answer to the request for the name.
    if (message.type === MESSAGE.reply && message.replySerial === 2) this.#ready.resolve();
    if (message.type !== MESSAGE.call) return;
    const [name, second, third] = message.body;
    this.#answer(message, String(name), second, third);
  }

  #answer(
    message: Message,
    unit: string,
    second: Value | undefined,
    third: Value | undefined,
  ): void {
    if (message.member === 'Get') {
      const value = PROPERTIES[String(second)] ?? '';
      this.#reply(message, 'v', [{ signature: 's', value }]);
    } else if (message.member === 'StartTransientUnit') {
      if (this.units.has(unit) || this.failed.has(unit)) {
        this.#error(message, `${NAME}.UnitExists`, 'taken');
      } else {
        this.units.set(unit, list(third));
        this.#job(message, unit);
      }
    } else if (message.member === 'StopUnit' && this.units.delete(unit)) this.#job(message, unit);
    else if (message.member === 'SetUnitProperties' && this.units.has(unit)) {
      this.units.get(unit)?.push(...list(third));
      this.#reply(message, '', []);
    } else if (message.member === 'ResetFailedUnit' && this.failed.delete(unit)) {
      this.#reply(message, '', []);
    } else if (message.member === 'Subscribe') this.#reply(message, '', []);
    else this.#error(message, `${NAME}.NoSuchUnit`, 'absent');
  }

  /** The last part of the unit's name says how the job ends; `early`: well, and told ahead of the answer. */
  #job(message: Message, unit: string): void {
    this.#jobs += 1;
    const job = `/org/freedesktop/systemd1/job/${this.#jobs}`;
    const word = /-([a-z]+)\.scope$/.exec(unit)?.[1] ?? 'done';
    const ended: Omit<Message, 'serial'> = {
      type: MESSAGE.signal,
      path: '/org/freedesktop/systemd1',
      interface: `${NAME}.Manager`,
      member: 'JobRemoved',
      signature: 'uoss',
      body: [this.#jobs, job, unit, word === 'early' ? 'done' : word],
    };
    if (word === 'early') this.#send(ended);
    this.#reply(message, 'o', [job]);
    if (word !== 'early') this.#send(ended);
  }

  #reply({ serial, sender }: Message, signature: string, body: readonly Value[]): void {
    const to = sender === undefined ? {} : { destination: sender };
    this.#send({ type: MESSAGE.reply, replySerial: serial, ...to, signature, body });
  }

  #error({ serial, sender }: Message, errorName: string, text: string): void {
    const to = sender === undefined ? {} : { destination: sender };
    const body = [text];
    this.#send({
      type: MESSAGE.error,
      errorName,
      replySerial: serial,
      ...to,
      signature: 's',
      body,
    });
  }

  #send(message: Omit<Message, 'serial'>): void {
    this.#serial += 1;
    this.#write(encodeMessage({ ...message, serial: this.#serial }));
  }
}

const PROPERTIES: Readonly<Record<string, string>> = {
  Version: 'v252.38-1~deb12u1',
  ControlGroup: '/user.slice/u@1.service/',
};

function list(value: Value | undefined): Value[] {
  return Array.isArray(value) ? [...value] : [];
}
