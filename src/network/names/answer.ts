/** Answers of our own: DNS messages that echo the question. */

import { type Answer, encode, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';
import { limits } from '../../base/limits.ts';
import { HEADER_BYTES, type Question } from './question.ts';

export const RCODE = { ok: 0, format: 1, serverFailure: 2, noSuchName: 3, notHere: 4 } as const;

const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
/** Names go with their containers; whoever keeps an address longer than this talks to nobody. */
const TTL_SECONDS = 5;

export type Transport = 'udp' | 'tcp';

/** Records for the asked name; none: the name exists but has nothing of that type. */
export function localAnswer(
  question: Question,
  records: readonly { type: 'A' | 'AAAA' | 'PTR'; data: string }[],
  transport: Transport,
): Uint8Array {
  const { name } = question;
  const answers = records.map(
    ({ type, data }): Answer => ({ type, name, ttl: TTL_SECONDS, class: 'IN', data }),
  );
  return fitted(question, withAnswers(question, answers), transport);
}

/** Without records: a response code alone. */
export function emptyAnswer(question: Question, rcode: number): Uint8Array {
  const bytes = withAnswers(question, []);
  bytes[3] = (0xf0 & (bytes[3] ?? 0)) | rcode;
  return bytes;
}

/** The answer to what is no question: its id and a code; undefined when there is not even an id, or it was an answer. */
export function formatError(message: Uint8Array): Uint8Array | undefined {
  if (message.length < HEADER_BYTES || ((message[2] ?? 0) & 0x80) !== 0) return undefined;
  const opcode = (message[2] ?? 0) & 0x78;
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(message.subarray(0, 2));
  bytes[2] = 0x80 | opcode | ((message[2] ?? 0) & 0x01);
  bytes[3] = opcode === 0 ? RCODE.format : RCODE.notHere;
  return bytes;
}

/** The whole answer if its asker has room for it, else one that says: ask again over TCP. */
export function fitted(question: Question, answer: Uint8Array, transport: Transport): Uint8Array {
  const room = transport === 'tcp' ? limits.nameAnswerBytes : question.room;
  if (answer.length <= room) return answer;
  const bytes = answer.slice(0, question.end);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, view.getUint16(2) | TRUNCATED);
  for (const section of [6, 8, 10]) view.setUint16(section, 0);
  return bytes;
}

function withAnswers(question: Question, answers: Answer[]): Uint8Array {
  const view = new DataView(question.bytes.buffer, question.bytes.byteOffset);
  const desired = view.getUint16(2) & RECURSION_DESIRED;
  const head = new Uint8Array(
    encode({
      type: 'response',
      id: view.getUint16(0),
      flags: AUTHORITATIVE | RECURSION_AVAILABLE | desired,
      questions: [],
      answers,
      additionals: question.extended
        ? [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize: limits.nameDatagramBytes,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ]
        : [],
    }),
  );
  // The question byte by byte as it came: some check that its letters keep their case.
  const asked = question.bytes.subarray(HEADER_BYTES, question.end);
  const bytes = new Uint8Array(head.length + asked.length);
  bytes.set(head.subarray(0, HEADER_BYTES));
  bytes.set(asked, HEADER_BYTES);
  bytes.set(head.subarray(HEADER_BYTES), question.end);
  const out = new DataView(bytes.buffer);
  out.setUint16(2, out.getUint16(2) | RESPONSE);
  out.setUint16(4, 1);
  return bytes;
}
