/** `list`: the containers below a root. */

import type { OciContext } from '../context.ts';
import { StateDirectory } from '../state-directory.ts';
import { type Found, find, stateDocument } from './state.ts';

export interface ListOptions {
  format: 'table' | 'json';
  quiet: boolean;
}

const COLUMNS = ['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'] as const;

export function list(options: ListOptions, context: OciContext): void {
  const found = StateDirectory.list(context.root).flatMap((id) => findOrSkip(id, context));
  if (options.quiet) {
    for (const { record } of found) context.print(`${record.id}\n`);
  } else if (options.format === 'json') {
    context.print(`${JSON.stringify(found.map(stateDocument))}\n`);
  } else {
    const rows = found.map(({ record, snapshot }) => [
      record.id,
      String(snapshot.pid),
      snapshot.status,
      record.bundle,
      record.created,
      record.owner,
    ]);
    context.print(table([[...COLUMNS], ...rows]));
  }
}

/** Removed between the listing and the look, or never finished: not there. */
function findOrSkip(id: string, context: OciContext): Found[] {
  try {
    return [find(id, context)];
  } catch {
    return [];
  }
}

/** Of a column with its gap, as scripts that cut at fixed places expect. */
const MIN_WIDTH = 12;

export function table(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(Math.max((widths[column] ?? 0) + 3, MIN_WIDTH)))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
