/** The terminal we were started in: raw mode, its size, and notice of a changed size. */

import { fstatSync } from 'node:fs';

export interface TerminalSize {
  rows: number;
  columns: number;
}

/** Pipes and files are told apart without `node:tty`, whose import costs 2 ms. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false;
  } catch {
    // A closed descriptor is no terminal.
    return false;
  }
  return process.getBuiltinModule('node:tty').isatty(fd);
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
  // These end us without an exit event, and the shell that comes back needs its echo.
  const ends = ENDING.map(([signal, number]) => {
    const end = () => {
      restore();
      process.exit(128 + number);
    };
    process.on(signal, end);
    return () => process.off(signal, end);
  });
  return {
    [Symbol.dispose]: () => {
      for (const remove of ends) remove();
      restore();
    },
  };
}

const ENDING = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const;

/** undefined without a terminal, or where it does not know its size. */
export function terminalSize(): TerminalSize | undefined {
  const fd = ([1, 2] as const).find(isTerminal);
  if (fd === undefined) return undefined;
  const stream = fd === 1 ? process.stdout : process.stderr;
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
