// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a shell are what is tested
/** The Dockerfile parser is total: whatever it reads, it answers or throws a `DockerfileError`, soon. */

import { expect, test } from 'bun:test';
import { DockerfileError } from '../../src/build/dockerfile-error.ts';
import { parseIgnoreFile } from '../../src/build/ignore.ts';
import { parseDockerfile } from '../../src/build/parse.ts';
import { expandText, expandWord, expandWords } from '../../src/build/words.ts';
import { answers, generator, mutateText } from './mutate.ts';

const RUNS = 20_000;
const MAX_MS_EACH = 2000;

const SEEDS = [
  '# syntax=docker/dockerfile:1\n# escape=`\nARG A=1\nFROM --platform=$X a:$A AS b\nRUN --mount=type=cache,target=/x a && \\\n # c\n b\n',
  'FROM scratch\nCOPY --from=b --chown=1:2 --chmod=u+x --exclude=**/*.x ["a", "b"] /c/\nADD --checksum=sha256:0 https://x/y /\n',
  'FROM x\nRUN <<EOF\nset -e\nEOF\nCOPY <<-"A" <<B /d/\n\tx\n\tA\n$HOME\nB\n',
  'FROM x\nENV a=${b:-c} "d e"=\'f\' g=\\ h\nLABEL a b c\nEXPOSE 80 90/udp\nHEALTHCHECK --interval=1m CMD ["x"]\nSHELL ["a"]\nONBUILD COPY . .\n',

  '${a:-${b#*/}}${c//x/"y"}$d \'e\' "f$g" \\$h',
  '**/a*[!b-d]?\\*\n!c/**/d\n#e\n/f/\n',
];
const PIECES = [
  '<<E\n',
  'EOF',
  '\\\n',
  '`',
  '"',
  "'",
  '${',
  '}',
  '//',
  '%%',
  '$',
  '[',
  ']',
  '**/',
  '--',
  '=',
  '\0',
  '\t',
  '\n',
  '\r\n',
  '\u{1F980}',
  '\uD800',
  'ONBUILD ',
  'FROM a\n',
];

const isRefusal = (error: unknown): boolean => error instanceof DockerfileError;

test('parseDockerfile, parseIgnoreFile and the expansions answer every input or refuse it as DockerfileError', () => {
  const random = generator(7);
  const lookup = (name: string) => (name === 'HOME' ? '/root' : name.length > 2 ? undefined : name);
  const expansion = { escaper: '\\' as const, lookup };
  const targets: ((text: string) => unknown)[] = [
    parseDockerfile,
    (text) => parseIgnoreFile(text).ignores('a/b/c.x'),
    (text) => expandWord(text, expansion),
    (text) => expandWords(text, expansion),
    (text) => expandText(text, expansion),
  ];
  let refused = 0;
  let answered = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const text = mutateText(SEEDS[random(SEEDS.length)] ?? '', PIECES, random);
    for (const target of targets) {
      if (answers(() => target(text), isRefusal, text, MAX_MS_EACH)) answered += 1;
      else refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(RUNS / 10);
  expect(answered).toBeGreaterThan(RUNS / 10);
}, 120_000);

test('the words of a Dockerfile take no more than linear time on what is nested and repeated', () => {
  const startMs = performance.now();
  const lookup = () => 'ab'.repeat(2000);
  const expansion = { escaper: '\\' as const, lookup };

  const hostile = ['${a##*a*a*a*a*a*a*c}', '${a//*b*b*b*b*c/x}', '${a%%*a*b*a*b*c}'];
  for (const text of hostile) expect(expandWord(text, expansion)).toBe('ab'.repeat(2000));
  expect(performance.now() - startMs).toBeLessThan(20_000);
});
