/** Messages of a long operation (pull, load, import): bars in a terminal, plain lines elsewhere. */

import { CliError } from '../command.ts';
import type { Output } from '../streams/output.ts';
import { isTerminal, terminalSize } from '../streams/terminal.ts';
import { decimalSize } from '../values/size.ts';

export interface ProgressMessage {
  status?: string;
  /** What it is about, usually a layer. */
  id?: string;
  progressDetail?: { current?: number; total?: number };
  stream?: string;
  error?: string;
  errorDetail?: { message?: string };
}

export interface ProgressOptions {
  fd: 1 | 2;
  /** Only watch for errors. */
  quiet: boolean;
  out: Output;
}

const BAR_WIDTH = 50;

/** Throws the error that the stream carries. */
export async function showProgress(
  messages: AsyncIterable<ProgressMessage>,
  options: ProgressOptions,
): Promise<void> {
  const screen = isTerminal(options.fd) ? new ProgressScreen() : undefined;
  const write = (text: string) =>
    options.fd === 1 ? options.out.print(text) : options.out.error(text);
  for await (const message of messages) {
    const problem = message.errorDetail?.message ?? message.error;
    if (problem !== undefined && problem !== '') throw new CliError(problem);
    if (options.quiet) continue;
    const text = screen === undefined ? plainLine(message) : screen.show(message);
    if (text !== '') write(text);
  }
}

/** What a log wants to know: each change of state, no counting. */
export function plainLine(message: ProgressMessage): string {
  if (message.stream !== undefined) return message.stream;
  if (message.progressDetail?.current !== undefined || message.status === undefined) return '';
  return `${message.id === undefined ? '' : `${message.id}: `}${message.status}\n`;
}

/** A line per id, rewritten in place. */
export class ProgressScreen {
  readonly #lines: string[] = [];
  readonly #width: number;

  constructor(width: number = terminalSize()?.columns ?? 80) {
    this.#width = width;
  }

  /** The text and control sequences that bring the screen up to date. */
  show(message: ProgressMessage): string {
    if (message.stream !== undefined) return message.stream;
    const text = lineText(message, this.#width);
    if (message.id === undefined || message.id === '') {
      // Lines above are finished business from here on.
      this.#lines.length = 0;
      return text === '' ? '' : `${text}\n`;
    }
    const known = this.#lines.indexOf(message.id);
    if (known < 0) {
      this.#lines.push(message.id);
      return `${text}\n`;
    }
    const up = this.#lines.length - known;
    return `\x1b[${up}A\r\x1b[2K${text}\r\x1b[${up}B`;
  }
}

function lineText(message: ProgressMessage, width: number): string {
  const name = message.id === undefined || message.id === '' ? '' : `${message.id}: `;
  const head = `${name}${message.status ?? ''}`;
  const { current = 0, total = 0 } = message.progressDetail ?? {};
  if (current <= 0 && total <= 0) return head;
  const counts = total > 0 ? `${decimalSize(current)}/${decimalSize(total)}` : decimalSize(current);
  const room = width - head.length - counts.length - 6;
  if (total <= 0 || room < 12) return `${head} ${counts}`.slice(0, width);
  return `${head} ${bar(current / total, Math.min(BAR_WIDTH, room))} ${counts}`;
}

function bar(part: number, width: number): string {
  const filled = Math.min(width, Math.max(0, Math.floor(part * width)));
  const head = filled < width ? '>' : '';
  return `[${'='.repeat(filled)}${head}${' '.repeat(Math.max(0, width - filled - head.length))}]`;
}
