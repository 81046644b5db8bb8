/** Lists of objects in docker's output formats: a table, a table of chosen fields, JSON lines, a template, or ids only. */

import { CliError } from '../command.ts';
import type { FlagSpec } from '../flags/spec.ts';
import type { Output } from '../streams/output.ts';
import { unescapeTabs } from '../template/literals.ts';
import { compileTemplate, type Template, TemplateError } from '../template/template.ts';
import { alignColumns } from './table.ts';

/** A text per field, or a method. */
export type Row = Readonly<Record<string, string | ((...args: string[]) => string)>>;

export interface ListFormat {
  /** What a row is, for messages. */
  type: string;
  /** Field to column header. */
  headers: Readonly<Record<string, string>>;
  /** Fields of the default table. */
  columns: readonly string[];
  /** The field that `--quiet` prints. */
  id: string;
}

export const formatFlag: FlagSpec = {
  name: 'format',
  kind: 'string',
  help: [
    'Format output using a custom template:',
    "'table':            Print output in table format with column headers (default)",
    "'table TEMPLATE':   Print output in table format using the given Go template",
    "'json':             Print in JSON format",
    "'TEMPLATE':         Print output using the given Go template.",
  ].join('\n'),
};

export function printList(
  list: ListFormat,
  rows: readonly Row[],
  options: { format: string; quiet?: boolean; out: Output },
): void {
  options.out.print(renderList(list, rows, options.format, options.quiet ?? false));
}

export function renderList(
  list: ListFormat,
  rows: readonly Row[],
  format: string,
  quiet: boolean,
): string {
  const wanted = format === '' ? 'table' : format;
  if (quiet && (wanted === 'table' || wanted === 'raw')) {
    return rows.map((row) => `${String(row[list.id])}\n`).join('');
  }
  if (wanted === 'json') return rows.map((row) => `${JSON.stringify(plain(row))}\n`).join('');
  const isTable = wanted === 'table' || wanted.startsWith('table ');
  const source = isTable ? tableTemplate(list, wanted) : wanted;
  const template = compile(unescapeTabs(source));
  const lines = rows.map((row) => fill(template, row, list.type));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  const header = template.execute(headerRow(list), { functions: 'headers', mayLack: () => true });
  return alignColumns([header, ...lines].flatMap((line) => line.split('\n')));
}

function tableTemplate(list: ListFormat, format: string): string {
  const chosen = format.slice('table'.length).trim();
  return chosen === '' ? list.columns.map((field) => `{{.${field}}}`).join('\t') : chosen;
}

function headerRow(list: ListFormat): Row {
  return { ...list.headers, Label: (name: string) => name };
}

/** Without methods, in the order of the names. */
function plain(row: Row): Record<string, string> {
  const entries = Object.entries(row).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function compile(source: string): Template {
  try {
    return compileTemplate(source);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new CliError(`failed to parse template: ${error.message}`);
  }
}

function fill(template: Template, row: Row, type: string): string {
  try {
    return template.execute(row, { type, isMap: () => false });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new CliError(`failed to execute template: ${error.message}`);
  }
}
