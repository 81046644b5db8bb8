/** Columns aligned by spaces, as Go's text/tabwriter lays them out with docker's settings. */

const MIN_WIDTH = 10;
const PADDING = 3;

/**
 * Lines of cells; cells are separated by tabs. A column is a run of consecutive lines that have a cell there which is not the line's last,
 * so a line without tabs separates two tables.
 */
export function alignColumns(lines: readonly string[], minWidth = MIN_WIDTH): string {
  const rows = lines.map((line) => line.split('\t'));
  const widths = rows.map((row) => row.map(() => 0));
  const columns = Math.max(0, ...rows.map((row) => row.length - 1));
  for (let column = 0; column < columns; column += 1) setWidths(rows, widths, column, minWidth);
  return rows
    .map(
      (row, line) => `${row.map((cell, at) => padCell(cell, widths[line]?.[at] ?? 0)).join('')}\n`,
    )
    .join('');
}

function setWidths(
  rows: readonly string[][],
  widths: readonly number[][],
  column: number,
  minWidth: number,
): void {
  let start = 0;
  while (start < rows.length) {
    let end = start;
    let width = minWidth - PADDING;
    while (end < rows.length && (rows[end]?.length ?? 0) - 1 > column) {
      width = Math.max(width, displayWidth(rows[end]?.[column] ?? ''));
      end += 1;
    }
    for (let line = start; line < end; line += 1) {
      const row = widths[line];
      if (row !== undefined) row[column] = width + PADDING;
    }
    start = Math.max(end, start + 1);
  }
}

function padCell(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - displayWidth(cell)));
}

function displayWidth(text: string): number {
  return [...text].length;
}
