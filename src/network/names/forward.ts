/** Questions that the world's servers answer: one after the other, with a cache in between. */

import { limits } from '../../base/limits.ts';
import type { NameServers } from '../../host/name-servers.ts';
import { emptyAnswer, fitted, RCODE, type Transport } from './answer.ts';
import { aged, lifetime } from './lifetime.ts';
import { HEADER_BYTES, type Question } from './question.ts';

interface Kept {
  answer: Uint8Array;
  sinceMs: number;
  untilMs: number;
}

export class Forwarder {
  readonly #servers: NameServers;
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #kept = new Map<string, Kept>();
  /** Servers of which none answered, and until when they are given less time. */
  readonly #silent = new Map<string, number>();
  #waiting = 0;

  constructor(servers: NameServers, now: () => number = Date.now) {
    this.#servers = servers;
    this.#now = now;
  }

  /** The answer in the asker's own terms; SERVFAIL when no server of the list gives one in time. */
  async ask(
    question: Question,
    servers: readonly string[],
    transport: Transport,
  ): Promise<Uint8Array> {
    const key = [transport, servers.join(), question.flavour, question.type, question.class];
    const place = [...key, question.name].join(' ');
    const known = this.#recall(place, question);
    if (known !== undefined) return fitted(question, known, transport);
    const answer = await this.#askAll(question, servers, transport);
    if (answer === undefined) return emptyAnswer(question, RCODE.serverFailure);
    this.#keep(place, question, answer);
    return fitted(question, answer, transport);
  }

  async #askAll(
    question: Question,
    servers: readonly string[],
    transport: Transport,
  ): Promise<Uint8Array | undefined> {
    if (this.#waiting >= limits.nameForwards || servers.length === 0) return undefined;
    this.#waiting += 1;
    const list = servers.join();
    const isSilent = (this.#silent.get(list) ?? 0) > this.#now();
    const limitMs = isSilent ? limits.nameSilentMs : limits.nameForwardMs;
    try {
      const accept = (answer: Uint8Array) => belongs(question, answer);
      const options = { transport, accept, usable, limitMs };
      const answer = await this.#servers.ask(question.bytes, servers, options);
      this.#note(list, answer !== undefined);
      return answer;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Resolvers ask two or three times, for two address families and each search domain: only the first of all that waits long. */
  #note(list: string, answered: boolean): void {
    this.#silent.delete(list);
    if (answered) return;
    this.#silent.set(list, this.#now() + limits.nameSilenceMs);
    const [oldest] = this.#silent.keys();
    if (this.#silent.size > limits.nameSilentLists && oldest !== undefined) {
      this.#silent.delete(oldest);
    }
  }

  #recall(place: string, question: Question): Uint8Array | undefined {
    const kept = this.#kept.get(place);
    if (kept === undefined) return undefined;
    this.#kept.delete(place);
    if (kept.untilMs <= this.#now()) return undefined;
    this.#kept.set(place, kept);
    return aged(question, kept.answer, Math.floor((this.#now() - kept.sinceMs) / 1000));
  }

  #keep(place: string, question: Question, answer: Uint8Array): void {
    const seconds = answer.length > limits.nameCacheBytes ? 0 : lifetime(question, answer);
    if (seconds === 0) return;
    const sinceMs = this.#now();
    this.#kept.set(place, { answer, sinceMs, untilMs: sinceMs + seconds * 1000 });
    if (this.#kept.size <= limits.nameCacheEntries) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** A response to this very question, under the id that the container chose; anything else is somebody's forgery. */
function belongs(question: Question, answer: Uint8Array): boolean {
  if (answer.length < question.end || ((answer[2] ?? 0) & 0x80) === 0) return false;
  if (answer[4] !== 0 || answer[5] !== 1) return false;
  for (let at = HEADER_BYTES; at < question.end; at += 1) {
    if (lowered(answer[at]) !== lowered(question.bytes[at])) return false;
  }
  return true;
}

/** SERVFAIL and REFUSED: another server may know better. */
function usable(answer: Uint8Array): boolean {
  const rcode = (answer[3] ?? 0) & 0x0f;
  return rcode !== RCODE.serverFailure && rcode !== 5;
}

function lowered(byte: number | undefined): number {
  const value = byte ?? 0;
  return value >= 0x41 && value <= 0x5a ? value + 0x20 : value;
}
