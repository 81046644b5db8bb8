/** The style of the tree as a test: sizes, bans with their reasons, and documents that name files which exist. */

import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { Glob } from 'bun';

const root = join(import.meta.dir, '../..');
const maxLines = { code: 400, test: 700 };

interface Ban {
  pattern: RegExp;
  reason: string;
  in: RegExp;
}

const bans: readonly Ban[] = [
  {
    pattern: /^export default /m,
    reason: 'a default export has no name to search for',
    in: /\.ts$/,
  },
  {
    pattern: /^(?:export )?(?:const )?enum /m,
    reason: 'a union of literals does it without code',
    in: /\.ts$/,
  },
  {
    pattern: /\b(?:TODO|FIXME|XXX)\b/,
    reason: 'what is left to do belongs in the tracker',
    in: /^(?:src|shim|bench|tools)\//,
  },
  {
    pattern: /\btest\.(?:skip|only|todo)\(/,
    reason: 'a switched-off test proves nothing',
    in: /\.test\.ts$/,
  },
  {
    pattern: /@ts-(?:ignore|expect-error)/,
    reason: 'the type is wrong, not the checker',
    in: /\.ts$/,
  },
  {
    pattern: /\|\s*0\b(?!x)/,
    reason: 'truncates to 32 bits (uids, sizes); use Math.trunc',
    in: /^src\/.*\.ts$/,
  },
  {
    pattern: /Math\.random\(/,
    reason: 'ids must not be guessable; use node:crypto',
    in: /^src\/.*\.ts$/,
  },
];

const files = [...new Glob('{src,shim,test,bench,tools}/**/*.{ts,c,h}').scanSync(root)].sort();

test('tidy: no file is longer than its bound', () => {
  const long = files
    .filter((file) => !file.includes('.gen.') && !/\/data\//.test(file))
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
    .filter(
      ({ file, lines }) => lines > (file.endsWith('.test.ts') ? maxLines.test : maxLines.code),
    );
  expect(long).toEqual([]);
});

test('tidy: banned constructs are absent', () => {
  const self = 'test/tidy/tidy.test.ts';
  const found = files
    .filter((file) => file !== self)
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return bans
        .filter((ban) => ban.in.test(file) && ban.pattern.test(text))
        .map((ban) => `${file}: ${ban.reason}`);
    });
  expect(found).toEqual([]);
});

test('tidy: no drawers called utils, common, helpers or misc', () => {
  expect(
    files.filter((file) => /(?:^|\/)(?:utils?|common|helpers?|misc)(?:\/|\.ts$)/.test(file)),
  ).toEqual([]);
});

test('tidy: every path that a document names exists', () => {
  // Two patterns: Bun's glob finds nothing for braces around a slash.
  const documents = ['*.md', 'docs/**/*.md'].flatMap((glob) => [...new Glob(glob).scanSync(root)]);
  expect(documents).toContain('README.md');
  const missing = documents.flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8');
    const named = [
      ...text.matchAll(/`((?:src|shim|test|bench|tools|docs|packaging)\/[\w./-]*\w)`/g),
    ].map((match) => match[1] ?? '');
    const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) =>
      normalize(join(dirname(document), match[1] ?? '')),
    );
    return [...named, ...linked]
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${document}: ${path}`);
  });
  expect(missing).toEqual([]);
});
