/** The body of `POST /run`: total over any bytes. */

import { errorMessage } from '../../../base/errors.ts';
import { splitWords } from '../../../store/archives/words.ts';

export type RunRequest =
  | {
      state: 'run';
      image: string;
      argv: readonly string[];
      /** The command as it was written, for answers. */
      command: string;
      /** Answer when the command has ended. */
      wait: boolean;
    }
  | { state: 'stop'; id: string };

/** Told to the client with status 400. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

const MAX_WORDS = 4096;

/** Content types are not looked at, as cfs did not look: curl sends one of its own. Throws `BadRequest`. */
export function parseRunRequest(bytes: Uint8Array): RunRequest {
  const body = parseObject(bytes);
  const state = field(body, 'state');
  if (state === 'run') return parseRun(body);
  if (state !== 'stop') throw new BadRequest('state must be "run" or "stop"');
  const id = field(body, 'id');
  if (typeof id !== 'string' || id === '') throw new BadRequest('id must be the id of a container');
  return { state, id };
}

function parseObject(bytes: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new BadRequest('the body is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequest('the body must be a JSON object');
  }
  return value;
}

/** An `id` that the client sends along is of no meaning: every run gets its own. */
function parseRun(body: object): RunRequest {
  const image = field(body, 'image');
  if (typeof image !== 'string' || image === '') {
    throw new BadRequest('image must be the name of an image');
  }
  const wait = field(body, 'wait') ?? false;
  if (typeof wait !== 'boolean') throw new BadRequest('wait must be true or false');
  return { state: 'run', image, wait, ...parseCommand(field(body, 'command')) };
}

/** A text is split as a shell splits it, without expanding anything; a list is taken as it is. */
function parseCommand(value: unknown): { argv: readonly string[]; command: string } {
  if (typeof value === 'string') {
    const argv = split(value);
    if (argv.length === 0) throw new BadRequest('command is empty');
    return { argv: checkWords(argv), command: value };
  }
  const words = Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
  if (!Array.isArray(value) || words.length === 0 || words.length < value.length) {
    throw new BadRequest('command must be a text or a list of texts');
  }
  return { argv: checkWords(words), command: words.map(quote).join(' ') };
}

function split(text: string): string[] {
  try {
    return splitWords(text);
  } catch (error) {
    throw new BadRequest(`command: ${errorMessage(error)}`);
  }
}

function checkWords(words: readonly string[]): readonly string[] {
  if (words.length > MAX_WORDS) throw new BadRequest(`command has more than ${MAX_WORDS} words`);
  if (words.some((word) => word.includes('\0'))) throw new BadRequest('command holds a NUL');
  return words;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Own fields only, so that `__proto__` is a name like any other. */
function field(body: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(body, name)?.value;
}
