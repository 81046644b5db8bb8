/** docs/reference/compatibility.md: every feature of the earlier systems has a row, and every row a test that exists. */

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glob } from 'bun';

const ROOT = join(import.meta.dir, '../..');

interface Row {
  section: string;
  id: string;
  what: string;
  state: string;
  test: string;
}

/** What users of each system know, by the numbers of its list; T: the tests that go-container's TESTING.md tells to do by hand. */
const FEATURES: readonly (readonly [section: string, letter: string, last: number])[] = [
  ['Container from scratch (cfs)', 'C', 16],
  ['Container from scratch (cfs)', 'R', 12],
  ['gocon and kibidango', 'G', 15],
  ['go-container', 'J', 21],
  ['go-container', 'T', 19],
  ['Docker up to 1.0', 'S', 8],
];

/** Flags of the daemon, commands, flags of run, routes, instructions. */
const DOCKER_WORDS = [
  '-v -d -D -r -b --bip -p -g -G -H --api-enable-cors --dns --dns-search --iptables --ip-forward --ip --icc -s --storage-opt -e --mtu --tls',
  '--tlsverify --tlscacert --tlscert --tlskey --selinux-enabled DOCKER_HOST DOCKER_DRIVER DOCKER_RAMDISK NORAW TMPDIR NOTIFY_SOCKET LISTEN_FDS',
  'attach build commit cp diff events export history images import info insert inspect kill load login logs pause unpause port ps pull push',
  'restart rm rmi run save search start stop tag top version wait v0.1.0',
  '-a -c --cidfile --cpuset --entrypoint --env-file --expose -h -i --link --lxc-conf -m --name --net -P --privileged --rm --sig-proxy -t -u',
  '--volumes-from -w _ping viz copy resize ws auth create OPTIONS FROM ADD COPY ONBUILD INSERT capabilities devices links environment logs',
].join(' ');

function rows(): Row[] {
  const found: Row[] = [];
  let section = '';
  for (const line of readFileSync(join(ROOT, 'docs/reference/compatibility.md'), 'utf8').split(
    '\n',
  )) {
    if (line.startsWith('## ')) section = line.slice(3);
    if (!line.startsWith('| ') || line.startsWith('| id |')) continue;
    // A bar inside a cell is written with a backslash.
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [, id = '', what = '', state = '', name = ''] = cells;
    found.push({ section, id, what, state, test: name });
  }
  return found;
}

/** Titles as they stand in the sources: `%s` of a table of cases is part of one. */
function titles(): ReadonlySet<string> {
  const all = new Set<string>();
  for (const file of new Glob('{src,test}/**/*.test.ts').scanSync(ROOT)) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    for (const [, , title = ''] of source.matchAll(/(["'`])((?:\\.|(?!\1)[^\\\n])+)\1/g)) {
      all.add(title.replaceAll(/\\(.)/g, '$1'));
    }
  }
  return all;
}

test('docs/reference/compatibility.md has a row for every feature of the earlier systems', () => {
  // C01 is C1.
  const there = new Set(
    rows().map(({ section, id }) => `${section}: ${id.replace(/^(\D)0/, '$1')}`),
  );
  const missing = FEATURES.flatMap(([section, letter, last]) =>
    Array.from({ length: last }, (_, at) => `${section}: ${letter}${at + 1}`),
  ).filter((id) => !there.has(id));
  expect(missing).toEqual([]);
});

test('docs/reference/compatibility.md names a state and a test that exists in every row', () => {
  const known = titles();
  const wrong = rows().filter(
    ({ what, state, test: name }) =>
      what === '' ||
      !/^(?:kept|mended|superseded)\b/.test(state) ||
      !(known.has(name) || tellsWhy(state, name)),
  );
  expect(wrong).toEqual([]);
});

/** What there is no test for, because there is nothing any more, says what took its place. */
function tellsWhy(state: string, name: string): boolean {
  return name === '' && /^superseded: .{20}/.test(state);
}

test('docs/reference/compatibility.md has a row for every flag and command of docker 1.0', () => {
  const there = rows().filter(({ section }) => section === 'Docker up to 1.0');
  const words = new Set(there.flatMap(({ id, what }) => `${id} ${what}`.split(/[\s`,;:/]+/)));
  expect(DOCKER_WORDS.split(' ').filter((word) => !words.has(word))).toEqual([]);
});

test('make has what cfs built, formatted, tested and ran with', () => {
  const makefile = readFileSync(join(ROOT, 'Makefile'), 'utf8');
  for (const target of ['build', 'format', 'test', 'demo', 'help']) {
    expect(makefile).toMatch(new RegExp(`^${target}:`, 'm'));
  }
});
