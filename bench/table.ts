/** One table out: a row per scenario, a column per peer, the ratio to Tiffin behind each figure. */

import type { Figure } from './measure.ts';

export interface Row {
  scenario: string;
  unit: string;
  /** True when a larger figure is better (starts per second). */
  higherIsBetter?: boolean;
  figures: readonly Figure[];
  budget?: Budget;
}

/** What docs/performance.md and docs/benchmarks.md promise, judged from the row's own figures. */
export interface Budget {
  text: string;
  met: (figures: ReadonlyMap<string, number>) => boolean;
}

export function renderRow(row: Row): string {
  const ours = row.figures.find((figure) => figure.peer === 'tiffin')?.median;
  const lines = row.figures.map(
    (figure) => `    ${figure.peer.padEnd(20)} ${figureText(figure, row, ours)}`,
  );
  const known = new Map(
    row.figures.flatMap((figure) =>
      figure.median === undefined ? [] : [[figure.peer, figure.median]],
    ),
  );
  const verdict =
    row.budget === undefined
      ? ''
      : `    budget: ${row.budget.text}: ${row.budget.met(known) ? 'met' : 'MISSED'}\n`;
  return `${row.scenario} [${row.unit}]\n${lines.join('\n')}\n${verdict}`;
}

function figureText(figure: Figure, row: Row, ours: number | undefined): string {
  if (figure.median === undefined) return `could not: ${figure.note ?? ''}`;
  const text = `${number(figure.median).padStart(9)}   (${number(figure.min)} … ${number(figure.max)})`;
  if (ours === undefined || figure.peer === 'tiffin') return text;
  const ratio = row.higherIsBetter === true ? figure.median / ours : ours / figure.median;
  return `${text}   tiffin is at ${ratio.toFixed(2)} of it${row.higherIsBetter === true ? ' (inverse)' : ''}`;
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
