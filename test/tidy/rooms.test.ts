/** Holds the one-way order of the rooms: ARCHITECTURE.md names their levels, this reads every import. */

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { Glob } from 'bun';

const root = join(import.meta.dir, '../..');

interface Import {
  file: string;
  path: string;
  from: string;
  to: string;
}

test('rooms: every room under src has a level in ARCHITECTURE.md', () => {
  const levels = readLevels();
  const rooms = new Set(sources().map(roomOf));
  expect([...rooms].filter((room) => !levels.has(room))).toEqual([]);
});

test('rooms: a room imports only rooms of a lower level', () => {
  const levels = readLevels();
  const wrong = imports().filter(({ from, to }) => {
    const importer = levels.get(from) ?? -1;
    const imported = levels.get(to) ?? Number.POSITIVE_INFINITY;
    return from !== to && imported >= importer;
  });
  expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
});

test('rooms: the check sees an import against the order', () => {
  const levels = readLevels();
  expect(levels.get('base')).toBe(0);
  expect((levels.get('engine') ?? 0) > (levels.get('store') ?? 9)).toBe(true);
  expect(imports().some(({ from, to }) => from === 'engine' && to === 'plan')).toBe(true);
});

test('rooms: only host opens sockets, spawns programs or reads files, and what is listed here', () => {
  const doors = /from 'node:(child_process|net|http|dgram|tls)'/;
  const allowed = [
    /^src\/host\//,
    /^src\/api\//,
    /^src\/cli\//,
    /^src\/registry\//,
    /^src\/runtime\/verbs\//,
  ];
  const wrong = sources().filter(
    (file) =>
      doors.test(readFileSync(join(root, file), 'utf8')) &&
      !allowed.some((pattern) => pattern.test(file)),
  );
  expect(wrong).toEqual([]);
});

test('rooms: what stands for another program is reached by its command only', () => {
  const wrong = ['cfs', 'go-container'].flatMap((room) =>
    imports().filter(
      ({ file, path }) =>
        path.startsWith(`src/cli/${room}/`) &&
        !file.startsWith(`src/cli/${room}/`) &&
        file !== 'src/cli/commands.ts' &&
        // `serve --cfs`: a client of the engine that lives in its process.
        !(file === 'src/cli/commands/serve.ts' && path === 'src/cli/cfs/server/beside.ts'),
    ),
  );
  expect(wrong.map(({ file, path }) => `${file} imports ${path}`)).toEqual([]);
  expect(imports().some(({ path }) => path === 'src/cli/go-container/command.ts')).toBe(true);
});

/** Room name to level, from the table in ARCHITECTURE.md. */
function readLevels(): Map<string, number> {
  const levels = new Map<string, number>();
  for (const line of readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('\n')) {
    const row = /^\| `src\/([a-z]+)(?:\.ts)?` \| (\d) \|/.exec(line);
    if (row?.[1] !== undefined) levels.set(row[1], Number(row[2]));
  }
  return levels;
}

function sources(): string[] {
  return [...new Glob('src/**/*.ts').scanSync(root)]
    .filter(
      (file) =>
        !file.endsWith('.test.ts') && !file.endsWith('.d.ts') && !file.includes('/testing/'),
    )
    .sort();
}

/** `src/engine/x.ts` is in room `engine`, `src/main.ts` in room `main`. */
function roomOf(file: string): string {
  const [, room = ''] = file.split('/');
  return room.replace(/\.ts$/, '');
}

function imports(): Import[] {
  return sources().flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
      (match) => match[1] ?? '',
    );
    return paths
      .map((path) => normalize(join(dirname(file), path)))
      .filter((path) => path.startsWith('src/'))
      .map((path) => ({ file, path, from: roomOf(file), to: roomOf(path) }));
  });
}
