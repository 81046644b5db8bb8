import { expect, test } from 'bun:test';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { History, type HistoryEntry } from './history.ts';

function directory(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tiffin-history-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const entry = (id: string, state: HistoryEntry['state'] = 'Running'): HistoryEntry => ({
  id,
  state,
  image: 'BusyBox',
  command: `echo "${id}\n"`,
});

const most = (entries: number) => ({ entries, bytes: 100_000 });

test('History gives its entries to the next one of the same name', () => {
  using place = directory();
  const first = new History(join(place.path, 'deep/er'), 'a', most(10));
  first.append(entry('1'));
  first.append(entry('1', 'Stopped: ERROR'));
  const second = new History(join(place.path, 'deep/er'), 'a', most(10));
  expect(second.entries).toEqual([entry('1'), entry('1', 'Stopped: ERROR')]);
  expect(second.latest().get('1')?.state).toBe('Stopped: ERROR');
  expect(new History(join(place.path, 'deep/er'), 'b', most(10)).entries).toEqual([]);
});

test('History keeps the latest entries, and the file no longer than twice as many', () => {
  using place = directory();
  const history = new History(place.path, 'a', most(5));
  for (let count = 0; count < 100; count += 1) {
    history.append(entry(`${count}`));
    const lines = readFileSync(join(place.path, 'a'), 'utf8').trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(10);
  }
  const expected = ['95', '96', '97', '98', '99'];
  expect(history.entries.map(({ id }) => id)).toEqual(expected);
  expect(new History(place.path, 'a', most(5)).entries.map(({ id }) => id)).toEqual(expected);
});

test('History goes on behind a line that was cut short, and passes over what is no entry', () => {
  using place = directory();
  const path = join(place.path, 'a');
  writeFileSync(path, '[]\n{"id":1}\nrubbish\n{"id":"x","state":"Odd","image":"","command":""}\n');
  new History(place.path, 'a', most(10)).append(entry('1'));
  appendFileSync(path, '{"id":"torn","sta');
  const history = new History(place.path, 'a', most(10));
  expect(history.entries).toEqual([entry('1')]);
  history.append(entry('2'));
  expect(new History(place.path, 'a', most(10)).entries).toEqual([entry('1'), entry('2')]);
});

test('History keeps no more than there is room for, however long commands are', () => {
  using place = directory();
  const path = join(place.path, 'a');
  const bounds = { entries: 100, bytes: 10_000 };
  const history = new History(place.path, 'a', bounds);
  const long = (id: string, length = 3000) => ({ ...entry(id), command: '€'.repeat(length / 3) });
  for (let count = 0; count < 50; count += 1) {
    history.append(long(`${count}`));
    expect(statSync(path).size).toBeLessThanOrEqual(20_000);
  }
  const ids = ({ entries }: History) => entries.map(({ id }) => id);
  expect(ids(history)).toEqual(['47', '48', '49']);
  expect(ids(new History(place.path, 'a', bounds))).toEqual(['47', '48', '49']);
  history.append(long('huge', 30_000));
  expect(ids(history)).toEqual(['huge']);
  history.append(entry('next'));
  expect(ids(history)).toEqual(['next']);
});
