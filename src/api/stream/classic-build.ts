/** A build's events as the classic builder tells them: one step after the other, although several run side by side. */

import type { BuildEvent } from '../../build/events.ts';

const MAX_HELD = 1024 * 1024;

/** Lines of the answer. Steps of which it is not the turn yet wait. */
export class ClassicBuild {
  /** Order of the step that may speak. */
  #turn = 1;
  readonly #orders = new Map<number, number>();
  readonly #containers = new Map<number, string>();
  readonly #texts = new Map<number, string>();
  readonly #held = new Map<number, string[]>();
  readonly #ended = new Set<number>();
  readonly #heldSizes = new Map<number, number>();
  /** A character may come in two pieces. */
  readonly #decoders = new Map<number, TextDecoder>();

  take(event: BuildEvent): string[] {
    if (event.kind === 'warning') return [`[Warning] ${event.text}\n`];
    const { step } = event;
    if (event.kind === 'begin' && event.name.order > 0) {
      this.#orders.set(step, event.name.order);
      this.#texts.set(step, event.name.text);
    }
    const order = this.#orders.get(step);
    // A trigger of the base image speaks whenever it is done.
    if (order === undefined) return this.#lines(event);
    this.#hold(order, this.#lines(event), event.kind === 'output');
    if (event.kind === 'end') this.#ended.add(order);
    return this.#flush();
  }

  /** What steps said whose turn never came. */
  rest(): string[] {
    const orders = [...this.#held.keys()].toSorted((a, b) => a - b);
    return orders.flatMap((order) => this.#held.get(order) ?? []);
  }

  /** What a step prints ahead of its turn is kept up to a bound. */
  #hold(order: number, lines: readonly string[], isOutput: boolean): void {
    const held = this.#held.get(order) ?? [];
    this.#held.set(order, held);
    const before = this.#heldSizes.get(order) ?? 0;
    const size = before + lines.reduce((sum, line) => sum + line.length, 0);
    this.#heldSizes.set(order, order === this.#turn ? 0 : size);
    if (!isOutput || order === this.#turn || size <= MAX_HELD) held.push(...lines);
    else if (before <= MAX_HELD) held.push(`[output clipped, ${MAX_HELD} bytes are kept]\n`);
  }

  #flush(): string[] {
    const lines: string[] = [];
    for (;;) {
      lines.push(...(this.#held.get(this.#turn) ?? []));
      this.#held.delete(this.#turn);
      if (!this.#ended.has(this.#turn)) return lines;
      this.#turn += 1;
    }
  }

  #lines(event: BuildEvent): string[] {
    switch (event.kind) {
      case 'begin': {
        const { order, total, text } = event.name;
        return [
          order > 0 ? `Step ${order}/${total} : ${text}\n` : `# Executing trigger: ${text}\n`,
        ];
      }
      case 'container':
        this.#containers.set(event.step, event.id.slice(0, 12));
        return [` ---> Running in ${event.id.slice(0, 12)}\n`];
      case 'output':
        return [this.#decode(event.step * 4 + event.stream, event.bytes)];
      case 'status':
        return [`${event.text}\n`];
      case 'end':
        return this.#endLines(event);
      default:
        return [];
    }
  }

  #decode(key: number, bytes: Uint8Array): string {
    const decoder = this.#decoders.get(key) ?? new TextDecoder();
    this.#decoders.set(key, decoder);
    return decoder.decode(bytes, { stream: true });
  }

  #endLines(event: BuildEvent & { kind: 'end' }): string[] {
    if (event.error !== '') return [];
    const container = this.#containers.get(event.step);
    const isFrom = this.#texts.get(event.step)?.toUpperCase().startsWith('FROM') === true;
    return [
      ...(event.cached && !isFrom ? [' ---> Using cache\n'] : []),
      ...(container === undefined ? [] : [` ---> Removed intermediate container ${container}\n`]),
      ` ---> ${event.id.slice(event.id.indexOf(':') + 1).slice(0, 12)}\n`,
    ];
  }
}
