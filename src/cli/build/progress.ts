/** A build's progress as BuildKit shows it: lines with numbers, or a screen that is drawn again and again. */

import { stripVTControlCharacters } from 'node:util';
import type { Output } from '../streams/output.ts';
import { terminalSize } from '../streams/terminal.ts';
import type { BuildState, Change, Vertex } from './events.ts';

export interface Progress {
  change(change: Change): void;
  finish(): void;
}

export const noProgress: Progress = { change: () => undefined, finish: () => undefined };

/** `#5 0.123 text`. */
export function plainProgress(out: Output): Progress {
  let last: Vertex | undefined;
  const say = (vertex: Vertex, text: string): void => {
    const turns = last !== undefined && last !== vertex;
    last = vertex;
    out.error(`${turns ? '\n' : ''}#${vertex.number} ${text}\n`);
  };
  return {
    change(change) {
      if (change.kind === 'warning') {
        out.error(`[Warning] ${change.text}\n`);
        return;
      }
      const { vertex } = change;
      if (change.kind === 'begin') say(vertex, vertex.name);
      else if (change.kind === 'line')
        say(vertex, `${seconds(vertex, performance.now(), 3)} ${change.text}`);
      else say(vertex, endText(vertex));
    },
    finish: () => undefined,
  };
}

function endText(vertex: Vertex): string {
  if (vertex.error !== '') return `ERROR: ${vertex.error}`;
  return vertex.cached ? 'CACHED' : `DONE ${seconds(vertex, vertex.endMs ?? 0, 1)}s`;
}

const FRAME_MS = 100;
const TAIL_LINES = 6;

/** What has ended scrolls up and stays; what runs is drawn below the head line. */
export function screenProgress(state: BuildState, out: Output): Progress {
  const startMs = performance.now();
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;
  const draw = (finished: boolean): void => {
    const { columns, rows } = terminalSize() ?? { columns: 80, rows: 24 };
    const lines = screenLines(state, { nowMs: performance.now(), startMs, columns, finished });
    const shown = finished ? lines : lines.slice(0, 1).concat(lines.slice(1).slice(-(rows - 2)));
    const up = drawn > 0 ? `\x1b[${drawn}A` : '';
    const text = shown.map((line) => `\x1b[2K${line}\n`).join('');
    out.error(`${up}\r\x1b[J${text}`);
    drawn = shown.length;
  };
  timer = setInterval(() => draw(false), FRAME_MS);
  return {
    change: () => undefined,
    finish: () => {
      clearInterval(timer);
      timer = undefined;
      draw(true);
      for (const text of state.warnings) out.error(`[Warning] ${text}\n`);
    },
  };
}

function screenLines(
  state: BuildState,
  frame: { nowMs: number; startMs: number; columns: number; finished: boolean },
): string[] {
  const { nowMs, startMs, columns, finished } = frame;
  const done = state.vertices.filter(({ endMs }) => endMs !== undefined).length;
  const counts = `(${done}/${state.vertices.length})`;
  const total = ((nowMs - startMs) / 1000).toFixed(1);
  const head = `[+] Building ${total}s ${counts}${finished ? ' FINISHED' : ''}`;
  return [head, ...state.vertices.flatMap((vertex) => vertexLines(vertex, nowMs, columns))];
}

function vertexLines(vertex: Vertex, nowMs: number, columns: number): string[] {
  const running = vertex.endMs === undefined;
  const mark = vertex.error === '' ? (vertex.cached ? 'CACHED ' : '') : 'ERROR ';
  const time = `${seconds(vertex, vertex.endMs ?? nowMs, 1)}s`;
  const tail = running ? vertex.tail.slice(-TAIL_LINES) : [];
  return [
    fitted(` => ${mark}${vertex.name}`, time, columns),
    ...tail.map((text) => fitted(` => => # ${clean(text)}`, '', columns)),
  ];
}

/** Escapes of a program's output would move our cursor. */
function clean(text: string): string {
  return [...stripVTControlCharacters(text)].filter((letter) => letter >= ' ').join('');
}

function fitted(text: string, right: string, columns: number): string {
  const room = columns - right.length - 1;
  return `${clean(text).slice(0, room).padEnd(room)}${right}`.trimEnd();
}

function seconds({ startMs }: Vertex, nowMs: number, digits: number): string {
  return (Math.max(0, nowMs - startMs) / 1000).toFixed(digits);
}
