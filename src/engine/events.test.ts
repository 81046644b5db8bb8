import { expect, test } from 'bun:test';
import { limits } from '../base/limits.ts';
import { openDatabase } from '../host/database.ts';
import type { EngineEvent } from '../spec/docker.ts';
import { EventJournal } from './event-journal.ts';
import { EventBus } from './events.ts';

const all = () => true;

test('EventBus.read gives the window first and live events after it, none twice', async () => {
  const bus = new EventBus();
  bus.emit('container', 'create', 'a', { name: 'x' });
  const stop = new AbortController();
  const seen: string[] = [];
  const query = { sinceNs: 0n, matches: all, signal: stop.signal };
  const reader = (async () => {
    for await (const event of bus.read(query)) {
      seen.push(event.Action);
      if (event.Action === 'create') bus.emit('container', 'start', 'a', {});
      if (event.Action === 'start') stop.abort();
    }
  })();
  await reader;
  expect(seen).toEqual(['create', 'start']);
});

test('EventBus.read of a window that has passed ends by itself', async () => {
  const bus = new EventBus();
  bus.emit('image', 'pull', 'i', {});
  const query = {
    sinceNs: 0n,
    untilNs: BigInt(Date.now() + 1) * 1_000_000n,
    matches: all,
    signal: new AbortController().signal,
  };
  const seen: EngineEvent[] = [];
  for await (const event of bus.read(query)) seen.push(event);
  expect(seen.map((event) => event.Action)).toEqual(['pull']);
});

test('EventBus keeps a bounded history with strictly rising times', async () => {
  const bus = new EventBus();
  for (let count = 0; count < limits.eventsKept * 3; count += 1) {
    bus.emit('container', `action-${count}`, 'a', {});
  }
  const query = { sinceNs: 0n, untilNs: 1n << 60n, matches: all, signal: AbortSignal.abort() };
  const seen: EngineEvent[] = [];
  for await (const event of bus.read({ ...query, untilNs: 1n << 62n })) seen.push(event);
  expect(seen.length).toBe(limits.eventsKept);
  expect(
    seen.every((event, at) => at === 0 || event.timeNano > (seen[at - 1]?.timeNano ?? 0n)),
  ).toBe(true);
});

test('EventJournal gives the next engine the newest events of the last one, with times that go on rising', async () => {
  using database = openDatabase(':memory:');
  const window = { sinceNs: 0n, untilNs: 1n << 62n, matches: all, signal: AbortSignal.abort() };
  {
    using journal = new EventJournal(database);
    const bus = new EventBus(journal);
    for (let count = 0; count < limits.eventsKept + 100; count += 1) {
      bus.emit('container', `old-${count}`, 'a', { name: 'x' });
    }
  }
  using journal = new EventJournal(database);
  const bus = new EventBus(journal);
  bus.emit('container', 'new', 'b', {});
  const seen: EngineEvent[] = [];
  for await (const event of bus.read(window)) seen.push(event);
  expect(seen).toHaveLength(limits.eventsKept);
  expect(seen[0]).toMatchObject({
    Action: 'old-101',
    Actor: { ID: 'a', Attributes: { name: 'x' } },
  });
  expect(seen.at(-1)?.Action).toBe('new');
  expect(seen.at(-1)?.timeNano).toBeGreaterThan(seen.at(-2)?.timeNano ?? 0n);
  expect(database.get('SELECT count(*) AS rows FROM events')).toEqual({ rows: limits.eventsKept });
});
