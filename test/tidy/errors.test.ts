/** Holds docs/reference/errors.md to the source: every code in both, with the same classes. */

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glob } from 'bun';

const root = join(import.meta.dir, '../..');

/** These hand on the code of another error or of a table whose rows are read here too. */
const passOn = new Set([
  'src/runtime/failure.ts',
  'src/engine/networks/setup.ts',
  'src/engine/networks/change.ts',
]);
/** Tables that word a failed step: rows of `class` and `code`. */
const wordings = new Set([
  'src/runtime/failure.ts',
  'src/runtime/failure-exec.ts',
  'src/runtime/failure-host.ts',
]);

/** A code with the classes it comes with; none: the class depends on the errno. */
type Codes = Map<string, Set<string>>;

const statuses = documentedClasses();

test('errors: every code in the source is in docs/reference/errors.md', () => {
  const documented = documentedCodes();
  expect([...sourceCodes().keys()].filter((code) => !documented.has(code)).sort()).toEqual([]);
});

test('errors: every code in docs/reference/errors.md is in the source', () => {
  const source = sourceCodes();
  expect([...documentedCodes().keys()].filter((code) => !source.has(code)).sort()).toEqual([]);
});

test('errors: docs/reference/errors.md names the classes that the source gives', () => {
  const documented = documentedCodes();
  const wrong = [...sourceCodes()]
    .map(([code, classes]) => ({ code, classes, told: documented.get(code) ?? new Set() }))
    .filter(({ classes, told }) => [...classes].sort().join() !== [...told].sort().join())
    .map(({ code, classes, told }) => `${code}: ${[...classes]}, told as ${[...told]}`);
  expect(wrong).toEqual([]);
});

test('errors: a code that is not a literal stands only where codes are handed on', () => {
  const found = sources()
    .filter((file) => !passOn.has(file))
    .filter((file) => constructions(file).some(({ code }) => code === undefined));
  expect(found).toEqual([]);
});

test('errors: the classes of docs/reference/errors.md have the statuses of src/api/errors.ts', () => {
  const table = /const STATUS:[^{]+\{([^}]+)\}/.exec(read('src/api/errors.ts'))?.[1] ?? '';
  const rows = [...table.matchAll(/'?([a-z-]+)'?: (\d+)/g)];
  expect(statuses).toEqual(new Map(rows.map(([, name = '', status = '']) => [name, status])));
});

function sourceCodes(): Codes {
  const codes: Codes = new Map();
  for (const file of sources()) {
    for (const { code, classes } of constructions(file)) {
      if (code !== undefined) add(codes, code, classes);
    }
    if (!wordings.has(file)) continue;
    for (const row of read(file).matchAll(/(?:class: '([a-z-]+)',\s*)?code: '([a-z-]+)'/g)) {
      add(codes, row[2] ?? '', row[1] === undefined ? [] : [row[1]]);
    }
  }
  return codes;
}

/** The first two arguments of every `new TiffinError(…)`, and of a class of its own by `super('<class>', …)`. */
function constructions(file: string): { classes: string[]; code: string | undefined }[] {
  const text = read(file);
  const calls = [
    ...text.matchAll(/new TiffinError\(\s*([^,]+),\s*([^,]+),/g),
    ...text.matchAll(/super\(\s*('[a-z-]+'),\s*([^,]+),/g),
  ];
  return calls.map(([, first = '', second = '']) => ({
    classes: [...first.matchAll(/'([a-z-]+)'/g)]
      .map((literal) => literal[1] ?? '')
      .filter((name) => statuses.has(name)),
    code: /^'([a-z-]+)'$/.exec(second.trim())?.[1],
  }));
}

function documentedCodes(): Codes {
  const codes: Codes = new Map();
  for (const line of errorsPage()) {
    const [, code, cell] = /^\| `([a-z-]+)` \| ([a-z -]+) \| .+ \| .+ \|$/.exec(line) ?? [];
    if (code === undefined || cell === undefined) continue;
    add(codes, code, cell === 'by errno' ? [] : cell.split(' or '));
  }
  return codes;
}

function documentedClasses(): Map<string, string> {
  const rows = errorsPage().map((line) => /^\| `([a-z-]+)` \| [^|]+ \| (\d{3})\b/.exec(line));
  return new Map(rows.flatMap((row) => (row ? [[row[1] ?? '', row[2] ?? '']] : [])));
}

function errorsPage(): string[] {
  return read('docs/reference/errors.md').split('\n');
}

function add(codes: Codes, code: string, classes: readonly string[]): void {
  const known = codes.get(code) ?? new Set();
  for (const name of classes) known.add(name);
  codes.set(code, known);
}

function sources(): string[] {
  return [...new Glob('src/**/*.ts').scanSync(root)]
    .filter((file) => !file.endsWith('.test.ts') && !file.includes('/testing/'))
    .filter((file) => file !== 'src/base/errors.ts')
    .sort();
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
