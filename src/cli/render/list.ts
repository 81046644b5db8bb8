/** Lists of objects in docker's output formats: a table, a table of chosen fields, JSON lines, a template, or ids only. */

import { CliError } from '../command.ts';
import type { FlagSpec } from '../flags/spec.ts';
import type { Output } from '../streams/output.ts';
import { unescapeTabs } from '../template/literals.ts';
import { compileTemplate, type Template, TemplateError } from '../template/template.ts';
import { printable } from './printable.ts';
import { alignColumns } from './table.ts';

/** A text or a truth per field, a method, or a method without parameters: a field that costs too much to fill in unasked. */
export type Row = Readonly<Record<string, string | boolean | ((...args: string[]) => string)>>;

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
  const quiet = options.quiet ?? false;
  if (quiet && options.format !== '') {
    options.out.error(
      'WARNING: Ignoring custom format, because both --format and --quiet are set.\n',
    );
  }
  options.out.print(renderList(list, rows, options.format, quiet));
}

export function renderList(
  list: ListFormat,
  rows: readonly Row[],
  format: string,
  quiet: boolean,
): string {
  const wanted = format === '' ? 'table' : format;
  if (quiet) {
    return rows.map((row) => `${String(row[list.id])}\n`).join('');
  }
  if (wanted === 'json') return rows.map((row) => `${JSON.stringify(plain(row))}\n`).join('');
  if (wanted === 'table') return plainTable(list, rows);
  const isTable = wanted.startsWith('table ');
  const source = isTable ? wanted.slice('table '.length).trim() : wanted;
  const template = compile(unescapeTabs(source));
  const lines = rows.map((row) => fill(template, sorted(row), list.type));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  const header = template.execute(headerRow(list), { functions: 'headers', mayLack: () => true });
  return alignColumns([header, ...lines].flatMap((line) => line.split('\n')));
}

/** The default columns need no template. */
function plainTable(list: ListFormat, rows: readonly Row[]): string {
  const header = list.columns.map((field) => list.headers[field] ?? '').join('\t');
  const lines = rows.map((row) =>
    list.columns.map((field) => printable(fieldText(row, field))).join('\t'),
  );
  return alignColumns([header, ...lines]);
}

function fieldText(row: Row, field: string): string {
  const value = fieldValue(row, field);
  return typeof value === 'string' ? value : String(value);
}

function fieldValue(row: Row, field: string): string | boolean {
  const value = row[field] ?? '';
  return typeof value === 'function' ? value() : value;
}

function headerRow(list: ListFormat): Row {
  return { ...list.headers, Label: (name: string) => name };
}

/** Without methods that want an operand, in the order of the names. */
function plain(row: Row): Record<string, string | boolean> {
  const fields = Object.keys(row).filter((field) => isField(row[field]));
  return Object.fromEntries(fields.sort().map((field) => [field, fieldValue(row, field)]));
}

function sorted(row: Row): Row {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isField(value: unknown): boolean {
  return typeof value !== 'function' || value.length === 0;
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
