/** A person connected to a container: terminal, signals, streams and the exit status. Shared by run, start, attach and exec. */

import { withQuery } from '../client/client.ts';
import type { Socket } from '../client/socket.ts';
import { CliError, type Invocation } from '../command.ts';
import type { FlagSpec } from '../flags/spec.ts';
import type { FlagValues } from '../flags/values.ts';
import { defaultDetachKeys, parseDetachKeys } from '../streams/detach-keys.ts';
import { pump } from '../streams/pump.ts';
import { onSignals } from '../streams/signals.ts';
import {
  isTerminal,
  onResize,
  rawMode,
  type TerminalSize,
  terminalSize,
} from '../streams/terminal.ts';

export const attachFlags: readonly FlagSpec[] = [
  {
    name: 'detach-keys',
    kind: 'string',
    help: 'Override the key sequence for detaching a container',
  },
  {
    name: 'sig-proxy',
    deprecated: ['-sig-proxy'],
    kind: 'bool',
    help: 'Proxy received signals to the process',
    fallback: 'true',
  },
];

export interface Session {
  invocation: Invocation;
  /** The container. */
  id: string;
  connection: Socket;
  tty: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Where a new size of the terminal goes; default: the container. */
  resizeTarget?: string;
  /** Forward signals to the container; default: what `--sig-proxy` says. */
  proxySignals?: boolean;
  /** Starts the program once everything is connected; absent: it runs already. */
  start?: () => Promise<void>;
  /** The program has drawn its screen before we came: a changed size makes it draw again. */
  redraw?: boolean;
  /** Whether the detach keys end with a message and status 1, as docker has it for attach and exec. */
  tellsDetach?: boolean;
  /** The exit status; asked for after the output ended. */
  exit: () => Promise<number>;
}

/** Resolves with the exit status of the program; after the detach keys 0. */
export async function runSession(session: Session): Promise<number> {
  const { invocation, connection, tty, start } = session;
  const { out, flags } = invocation;
  const terminal = tty && session.stdin && isTerminal(0);
  using _raw = terminal ? rawMode() : nothing;
  using _signals = proxies(session) ? forwardSignals(session) : nothing;
  // Reading begins before the start: the first output of a quick program is not kept anywhere else.
  const end = pump(connection, {
    raw: tty,
    stdin: session.stdin,
    stdout: session.stdout,
    stderr: session.stderr,
    ...(terminal ? { detachKeys: detachKeysOf(flags) } : {}),
    out,
  });
  if (start !== undefined) {
    end.catch(() => undefined);
    await start();
  }
  using _resize = tty ? followSize(session) : nothing;
  if ((await end) !== 'detached') return session.exit();
  if (session.tellsDetach === true) throw new CliError('read escape sequence');
  return 0;
}

export function detachKeysOf(flags: FlagValues): number[] {
  return parseDetachKeys(flags.text('detach-keys') || defaultDetachKeys);
}

/** A program with a terminal and input needs a person at a terminal. */
export function requireTerminal(stdin: boolean, tty: boolean): void {
  if (stdin && tty && !isTerminal(0)) throw new CliError('the input device is not a TTY');
}

const nothing: Disposable = { [Symbol.dispose]: () => undefined };

function proxies(session: Session): boolean {
  // In a terminal ^C is a character, and the container's own terminal makes the signal.
  return !session.tty && (session.proxySignals ?? session.invocation.flags.bool('sig-proxy'));
}

function forwardSignals(session: Session): Disposable {
  const { client } = session.invocation;
  return onSignals((signal) => {
    // The container may have ended in the meantime; the output and the exit status say so.
    client
      .text('POST', withQuery(`/containers/${session.id}/kill`, { signal }))
      .catch(() => undefined);
  });
}

function followSize(session: Session): Disposable {
  const { client } = session.invocation;
  const target = session.resizeTarget ?? `/containers/${session.id}/resize`;
  const send = async (size: TerminalSize) => {
    const sized = withQuery(target, { h: size.rows, w: size.columns });
    // The program may have ended in the meantime.
    await client.text('POST', sized).catch(() => undefined);
  };
  const size = terminalSize();
  if (size !== undefined) {
    const { rows, columns } = size;
    const other = session.redraw === true ? [{ rows: rows + 1, columns: columns + 1 }] : [];
    void [...other, size].reduce(
      (before, next) => before.then(() => send(next)),
      Promise.resolve(),
    );
  }
  return onResize((next) => void send(next));
}
