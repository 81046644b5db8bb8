import { expect, test } from 'bun:test';
import { DockerfileError, excerpt } from './dockerfile-error.ts';
import type { Instruction } from './instruction.ts';
import { parseDockerfile, parseTriggers } from './parse.ts';

function only(text: string): Instruction {
  const [instruction] = parseDockerfile(`FROM scratch\n${text}`).stages[0]?.instructions ?? [];
  if (instruction === undefined) throw new Error('no instruction');
  return instruction;
}

function failure(text: string): string {
  try {
    parseDockerfile(text);
  } catch (error) {
    if (error instanceof DockerfileError) return error.message;
    throw error;
  }
  return 'parsed';
}

test('parseDockerfile reads stages, names in lower case and ARGs before the first FROM', () => {
  const file = parseDockerfile(
    'ARG V=1 W\nFROM --platform=$BUILDPLATFORM base:$V AS Build\nRUN a\nfrom scratch\ncopy --from=build /a /b\n',
  );
  expect(file.globals[0]?.pairs).toEqual([
    { key: 'V', value: '1' },
    { key: 'W', value: undefined },
  ]);
  expect(file.stages.map(({ name, base, platform }) => ({ name, base, platform }))).toEqual([
    { name: 'build', base: 'base:$V', platform: '$BUILDPLATFORM' },
    { name: '', base: 'scratch', platform: undefined },
  ]);
  expect(file.stages[1]?.instructions[0]).toMatchObject({ kind: 'copy', flags: { from: 'build' } });
});

test('parseDockerfile joins continuations, drops comments inside, and counts lines', () => {
  const file = parseDockerfile(
    '# a comment\nFROM scratch\nRUN a && \\\n  # not shell\n\n  b \\  \n  c\nUSER x\n',
  );
  const [run, user] = file.stages[0]?.instructions ?? [];
  expect(run).toMatchObject({
    command: { form: 'shell', text: 'a &&   b   c' },
    range: { first: 3, last: 7 },
  });
  expect(user?.range).toEqual({ first: 8, last: 8 });
  expect(file.warnings).toEqual(['empty continuation line in the instruction on line 3']);
});

test('parseDockerfile honours the escape directive, and only at the top', () => {
  const file = parseDockerfile('# escape=`\nFROM scratch\nRUN dir `\n c:\\\nUSER a\n');
  expect(file.escaper).toBe('`');
  expect(file.stages[0]?.instructions).toHaveLength(2);
  expect(parseDockerfile('\n# escape=`\nFROM scratch\n').escaper).toBe('\\');
  expect(failure('# escape=x\nFROM scratch')).toContain('invalid ESCAPE');
  expect(failure('# escape=`\n# escape=`\nFROM scratch')).toContain('only one escape');
});

test('parseDockerfile takes heredocs of RUN as scripts or as input of a command', () => {
  expect(only('RUN <<EOF\necho 1\n# kept\nEOF\n')).toMatchObject({
    command: { form: 'shell', text: 'echo 1\n# kept\n' },
  });
  expect(only('RUN cat <<"A" <<-B >/x\n1\nA\n\t2\n\tB\n')).toMatchObject({
    command: { form: 'shell', text: 'cat <<"A" <<-B >/x\n1\nA\n2\nB' },
    heredocs: [
      { name: 'A', expand: false, content: '1\n' },
      { name: 'B', expand: true, content: '2\n' },
    ],
  });
  expect(only('RUN echo "<<EOF"')).toMatchObject({ command: { text: 'echo "<<EOF"' } });
  expect(failure('FROM scratch\nRUN <<EOF\necho')).toBe(
    'dockerfile parse error on line 2: unterminated heredoc',
  );
});

test('parseDockerfile reads every flag of COPY and ADD', () => {
  expect(
    only('COPY --chown=a:b --chmod=755 --link --parents --exclude=*.a --exclude=b x y /z/'),
  ).toMatchObject({
    sources: ['x', 'y'],
    destination: '/z/',
    flags: {
      chown: 'a:b',
      chmod: '755',
      link: true,
      parents: true,
      exclude: ['*.a', 'b'],
      from: undefined,
    },
  });
  expect(only('ADD --checksum=sha256:1 --keep-git-dir=true --link=false a b')).toMatchObject({
    kind: 'add',
    flags: { checksum: 'sha256:1', keepGitDir: true, link: false },
  });
  expect(only('COPY ["a b", "c"]')).toMatchObject({ sources: ['a b'], destination: 'c' });
  expect(failure('FROM scratch\nCOPY a')).toContain('COPY requires at least two arguments');
  expect(failure('FROM scratch\nCOPY --frm=a b c')).toContain('unknown flag: --frm');
});

test('parseDockerfile reads the mounts of RUN with their other names and refuses wrong ones', () => {
  expect(
    only('RUN --mount=type=cache,dst=/c,sharing=locked --mount=target=/b,ro --network=none a'),
  ).toMatchObject({
    network: 'none',
    mounts: [
      {
        type: 'cache',
        options: new Map([
          ['target', '/c'],
          ['sharing', 'locked'],
        ]),
      },
      {
        type: 'bind',
        options: new Map([
          ['target', '/b'],
          ['ro', 'true'],
        ]),
      },
    ],
  });
  expect(failure('FROM scratch\nRUN --mount=type=nope,target=/a b')).toContain(
    'unsupported mount type "nope"',
  );
  expect(failure('FROM scratch\nRUN --mount=type=cache a')).toContain('target is required');
  expect(failure('FROM scratch\nRUN --mount=type=tmpfs,target=/a,uid=1 b')).toContain(
    "unexpected key 'uid'",
  );
  expect(failure('FROM scratch\nRUN --network=bridge a')).toContain('unsupported network mode');
});

test('parseDockerfile reads the other instructions', () => {
  expect(only('ENV a=1 b="x y" c=d\\ e')).toMatchObject({
    pairs: [
      { key: 'a', value: '1' },
      { key: 'b', value: '"x y"' },
      { key: 'c', value: 'd\\ e' },
    ],
  });
  expect(only('ENV a  b c')).toMatchObject({ pairs: [{ key: 'a', value: 'b c' }] });
  expect(only('CMD ["a", "b"]')).toMatchObject({ command: { form: 'exec', args: ['a', 'b'] } });
  expect(only('ENTRYPOINT [a')).toMatchObject({ command: { form: 'shell', text: '[a' } });
  expect(only('HEALTHCHECK --interval=1m30s --retries=3 CMD curl x')).toMatchObject({
    shell: 'curl x',
    options: { intervalNs: 90e9, retries: 3 },
  });
  expect(only('VOLUME /a /b')).toMatchObject({ words: ['/a', '/b'] });
  expect(only('SHELL ["a"]')).toMatchObject({ args: ['a'] });
  expect(only('ONBUILD RUN make')).toMatchObject({ trigger: 'RUN make' });
  expect(only('MAINTAINER me and you')).toMatchObject({ value: 'me and you' });
});

test('parseDockerfile names the line and what is wrong', () => {
  expect(failure('FROM scratch\n\nRUNN a')).toBe(
    'dockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)',
  );
  expect(failure('')).toBe('the Dockerfile cannot be empty');
  expect(failure('# only\n')).toBe('the Dockerfile cannot be empty');
  expect(failure('RUN a')).toContain('no build stage in current context');
  expect(failure('FROM a AS 1b')).toContain('invalid name for build stage');
  expect(failure('FROM a b')).toContain('FROM requires either one or three arguments');
  expect(failure('FROM scratch\nSHELL sh')).toContain('SHELL requires the arguments to be in JSON');
  expect(failure('FROM scratch\nENV a=1 b')).toContain("can't find =");
  expect(failure('FROM scratch\nONBUILD ONBUILD RUN a')).toContain('Chaining ONBUILD');
  expect(failure('FROM scratch\nHEALTHCHECK CMD')).toContain('Missing command');
  expect(failure('FROM scratch\nUSER a b')).toContain('exactly one argument');
  expect(failure(`FROM scratch\n${'RUN a\n'.repeat(10_001)}`)).toContain('more than 10000');
});

test('parseTriggers reads the triggers of a base image and refuses those that make no sense', () => {
  expect(parseTriggers(['COPY . /app', 'RUN <<EOF\nx\nEOF'])).toMatchObject([
    { kind: 'copy' },
    { kind: 'run', command: { text: 'x\n' } },
  ]);
  expect(() => parseTriggers(['FROM x'])).toThrow("FROM isn't allowed");
});

test('excerpt marks the lines among their neighbours', () => {
  expect(excerpt('Dockerfile', 'a\nb\nc\nd', { first: 2, last: 2 })).toBe(
    [
      'Dockerfile:2',
      '--------------------',
      '   1 |     a',
      '   2 | >>> b',
      '   3 |     c',
      '   4 |     d',
      '--------------------',
    ].join('\n'),
  );
});
