/** `COPY` and `ADD`. */

import { DockerfileError } from './dockerfile-error.ts';
import { takeFlags } from './flags.ts';
import type { Instruction } from './instruction.ts';
import { common, jsonTexts, missing, type Operands } from './parse-instruction.ts';
import { splitRaw } from './split-raw.ts';

const SHARED = {
  chown: 'text',
  chmod: 'text',
  link: 'switch',
  exclude: 'list',
} as const;
const COPY_FLAGS = { ...SHARED, from: 'text', parents: 'switch' } as const;
const ADD_FLAGS = {
  ...SHARED,
  checksum: 'text',
  'keep-git-dir': 'switch',
  unpack: 'switch',
} as const;

export function parseCopy(kind: 'copy' | 'add', operands: Operands): Instruction {
  const { line, escaper } = operands;
  const instruction = kind.toUpperCase();
  const known = kind === 'copy' ? COPY_FLAGS : ADD_FLAGS;
  const { flags, rest } = takeFlags(operands.rest, known, {
    instruction,
    range: line.range,
    escaper,
  });
  const words = jsonTexts(rest) ?? splitRaw(rest, escaper);
  const destination = words.at(-1);
  if (words.length < 2 || destination === undefined) {
    throw missing(
      instruction,
      operands,
      `at least two arguments, but only ${words.length} provided. Destination could not be determined`,
    );
  }
  const sources = words.slice(0, -1);
  if (line.heredocs.length > 0 && flags.text('from') !== undefined) {
    throw new DockerfileError('a heredoc cannot be used together with --from', line.range);
  }
  return {
    kind,
    sources,
    destination,
    heredocs: line.heredocs,
    flags: {
      from: flags.text('from'),
      chown: flags.text('chown'),
      chmod: flags.text('chmod'),
      link: flags.switch('link') ?? false,
      parents: flags.switch('parents') ?? false,
      exclude: flags.list('exclude'),
      checksum: flags.text('checksum'),
      keepGitDir: flags.switch('keep-git-dir') ?? false,
      unpack: flags.switch('unpack'),
    },
    ...common(operands),
  };
}
