/** What the engine answers a build with, one JSON document to a line. */

import type { BuildEvent } from '../../build/events.ts';

/** Output travels as base64. */
export type BuildMessage =
  | Exclude<BuildEvent, { kind: 'output' }>
  | { kind: 'output'; step: number; stream: 1 | 2; bytes: string }
  | { kind: 'built'; id: string }
  | { kind: 'failed'; message: string; excerpt: string };

/** One line of progress: a step that makes files, or something of our own. */
export interface Vertex {
  number: number;
  /** `[build 2/4] RUN make`. */
  name: string;
  startMs: number;
  endMs: number | undefined;
  cached: boolean;
  error: string;
  /** The latest lines of output. */
  tail: string[];
  /** What is not yet a whole line, per stream. */
  partial: Map<number, string>;
  /** A character may come in two pieces. */
  decoders: Map<number, TextDecoder>;
}

export type Change =
  | { kind: 'begin'; vertex: Vertex }
  | { kind: 'line'; vertex: Vertex; text: string }
  | { kind: 'end'; vertex: Vertex }
  | { kind: 'warning'; text: string };

const KEPT_LINES = 200;
const MAX_LINE = 64 * 1024;

/** Turns messages into changes of vertices; settings of the image are none. */
export class BuildState {
  readonly vertices: Vertex[] = [];
  readonly warnings: string[] = [];
  readonly #bySteps = new Map<number, Vertex>();

  open(name: string): Vertex {
    const vertex: Vertex = {
      number: this.vertices.length + 1,
      name,
      startMs: performance.now(),
      endMs: undefined,
      cached: false,
      error: '',
      tail: [],
      partial: new Map(),
      decoders: new Map(),
    };
    this.vertices.push(vertex);
    return vertex;
  }

  take(message: BuildMessage): Change[] {
    if (message.kind === 'warning') {
      this.warnings.push(message.text);
      return [{ kind: 'warning', text: message.text }];
    }
    if (message.kind === 'built' || message.kind === 'failed') return [];
    if (message.kind === 'begin') return this.#begin(message);
    const vertex = this.#bySteps.get(message.step);
    if (vertex === undefined) return [];
    switch (message.kind) {
      case 'output':
        return this.#output(vertex, message.stream, Buffer.from(message.bytes, 'base64'));
      case 'status':
        return [this.#line(vertex, message.text)];
      case 'end':
        return this.#end(vertex, message);
      default:
        return [];
    }
  }

  #begin({ step, name }: BuildMessage & { kind: 'begin' }): Change[] {
    if (name.at === 0) return [];
    const vertex = this.open(
      `[${name.stage === '' ? '' : `${name.stage} `}${name.at}/${name.of}] ${name.text}`,
    );
    this.#bySteps.set(step, vertex);
    return [{ kind: 'begin', vertex }];
  }

  #output(vertex: Vertex, stream: number, bytes: Uint8Array): Change[] {
    const decoder = vertex.decoders.get(stream) ?? new TextDecoder();
    vertex.decoders.set(stream, decoder);
    const text = decoder.decode(bytes, { stream: true });
    const lines = ((vertex.partial.get(stream) ?? '') + text).split('\n');
    const rest = lines.pop() ?? '';
    // A program that never ends its line must not fill our memory.
    if (rest.length > MAX_LINE) lines.push(rest);
    vertex.partial.set(stream, rest.length > MAX_LINE ? '' : rest);
    return lines.map((line) => this.#line(vertex, line));
  }

  #line(vertex: Vertex, line: string): Change {
    const text = line.replace(/\r$/, '');
    vertex.tail.push(text);
    if (vertex.tail.length > KEPT_LINES) vertex.tail.shift();
    return { kind: 'line', vertex, text };
  }

  #end(vertex: Vertex, { cached, error }: BuildMessage & { kind: 'end' }): Change[] {
    const rest = [...vertex.partial.values()].filter((text) => text !== '');
    vertex.partial.clear();
    vertex.endMs = performance.now();
    vertex.cached = cached;
    vertex.error = error;
    return [...rest.map((text) => this.#line(vertex, text)), { kind: 'end', vertex }];
  }
}
