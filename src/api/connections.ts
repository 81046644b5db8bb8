/** The connections of a server: how many there may be, and how long one may take to say what it wants. */

import type { Socket } from 'node:net';

export interface ConnectionBounds {
  /** At once. */
  connections: number;
  /** Until the first head is there, ms. */
  headMs: number;
}

/** How long a client may have been gone before anybody notices, ms. */
const LOOK_EVERY_MS = 500;

export class Connections {
  readonly #bounds: ConnectionBounds;
  /** Each with the timer that runs until its first head is there. */
  readonly #open = new Map<Socket, NodeJS.Timeout>();
  #looking: NodeJS.Timeout | undefined;

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds;
  }

  /** False when there are too many: the client was told so. */
  admit(socket: Socket): boolean {
    if (this.#open.size >= this.#bounds.connections) {
      refuse(socket);
      return false;
    }
    const timer = setTimeout(() => socket.destroy(), this.#bounds.headMs);
    this.#open.set(socket, timer);
    this.#look();
    socket.once('close', () => {
      clearTimeout(timer);
      this.#open.delete(socket);
    });
    return true;
  }

  headArrived(socket: Socket): void {
    clearTimeout(this.#open.get(socket));
  }

  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /**
   * A client that is done sending may still read, so the end of its bytes does not tell that it is gone. The runtime lets go of the descriptor when
   * the kernel says that both directions are over, but says so to nobody: a quiet attach would stay for ever.
   */
  #look(): void {
    this.#looking ??= setInterval(() => {
      for (const socket of this.#open.keys()) if (hasHungUp(socket)) socket.destroy();
      if (this.#open.size > 0) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    }, LOOK_EVERY_MS).unref();
  }
}

function hasHungUp(socket: Socket): boolean {
  return !socket.connecting && !Reflect.get(socket, '_handle');
}

const BODY = JSON.stringify({ message: 'too many connections to the engine' });
const REFUSAL = [
  'HTTP/1.1 503 Service Unavailable',
  'Content-Type: application/json',
  `Content-Length: ${BODY.length}`,
  'Connection: close',
  '',
  BODY,
].join('\r\n');

function refuse(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.end(REFUSAL);
  socket.destroySoon();
}
