/** The terminal we were started in: raw mode, its size, and notice of a changed size. */

import { isatty } from 'node:tty';

export interface TerminalSize {
  rows: number;
  columns: number;
}

export function isTerminal(fd: 0 | 1 | 2): boolean {
  return isatty(fd);
}

/**
 * Keys arrive unprocessed until the result is disposed of. Also restored when the program exits by an exception:
 * a shell in raw mode shows nothing that is typed.
 */
export function rawMode(): Disposable {
  if (!isTerminal(0)) return { [Symbol.dispose]: () => undefined };
  const input = process.stdin;
  let raw = true;
  input.setRawMode(true);
  const restore = () => {
    if (!raw) return;
    raw = false;
    input.setRawMode(false);
    process.off('exit', restore);
  };
  process.on('exit', restore);
  return { [Symbol.dispose]: restore };
}

/** undefined without a terminal, or where it does not know its size. */
export function terminalSize(): TerminalSize | undefined {
  const stream = [process.stdout, process.stderr].find((output) => output.isTTY);
  if (stream === undefined) return undefined;
  const [columns = 0, rows = 0] = stream.getWindowSize();
  return columns > 0 && rows > 0 ? { rows, columns } : undefined;
}

/** Calls back after each change of the size, until disposed of. */
export function onResize(report: (size: TerminalSize) => void): Disposable {
  const listener = () => {
    const size = terminalSize();
    if (size !== undefined) report(size);
  };
  process.on('SIGWINCH', listener);
  return { [Symbol.dispose]: () => void process.off('SIGWINCH', listener) };
}
