import { afterAll, beforeEach, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRecord } from './log-format.ts';
import { type LogPosition, logEnd, readLog, tailStart } from './log-reader.ts';

const directory = mkdtempSync(join(tmpdir(), 'tiffin-log-'));
const log = join(directory, 'log');
afterAll(() => rmSync(directory, { recursive: true }));

beforeEach(() => {
  rmSync(`${log}.1`, { force: true });
  writeFileSync(log, '');
  for (const line of ['one', 'two', 'three']) write(line);
});

function write(line: string): void {
  appendFileSync(log, encodeRecord(1, 1n, Buffer.from(`${line}\n`)));
}

/** What a reader gets while the container writes a line for every batch that was read. */
async function readWhileWritten(start: LogPosition | undefined, end: LogPosition | undefined) {
  const lines: string[] = [];
  for await (const records of readLog(log, { ...(start && { start }), ...(end && { end }) })) {
    for (const { payload } of records) lines.push(new TextDecoder().decode(payload).trim());
    if (lines.length < 20) write(`more ${lines.length}`);
  }
  return lines;
}

test('readLog ends at `end` though more is written as it reads', async () => {
  const end = await logEnd(log);
  write('late');
  expect(await readWhileWritten(undefined, end)).toEqual(['one', 'two', 'three']);
});

test('tailStart counts the lines before `end`, not those written since', async () => {
  const end = await logEnd(log);
  for (const line of ['four', 'five', 'six']) write(line);
  const start = await tailStart(log, 2, end);
  expect(await readWhileWritten(start, end)).toEqual(['two', 'three']);
});

test('readLog and tailStart find `end` in a file that was rotated since', async () => {
  const end = await logEnd(log);
  renameSync(log, `${log}.1`);
  expect(await logEnd(log)).toEqual(end);
  writeFileSync(log, '');
  write('four');
  expect(await readWhileWritten(await tailStart(log, 1, end), end)).toEqual(['three']);
});

test('readLog gives nothing when the file of `end` was rotated out', async () => {
  const end = await logEnd(log);
  renameSync(log, join(directory, 'gone'));
  writeFileSync(log, '');
  write('four');
  expect(await readWhileWritten(await tailStart(log, 2, end), end)).toEqual([]);
});
