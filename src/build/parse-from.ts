/** `FROM [--platform=…] image [AS name]`. */

import { DockerfileError, type LineRange } from './dockerfile-error.ts';
import { takeFlags } from './flags.ts';
import type { Stage } from './instruction.ts';
import type { Escape } from './lines.ts';
import { splitRaw } from './split-raw.ts';

const MAX_NAME = 128;

export function parseFrom(
  text: string,
  where: { range: LineRange; escaper: Escape },
): Pick<Stage, 'name' | 'base' | 'platform'> {
  const { flags, rest } = takeFlags(text, { platform: 'text' }, { instruction: 'FROM', ...where });
  const [base = '', as = '', name = '', ...more] = splitRaw(rest, where.escaper);
  const named = as.toUpperCase() === 'AS' && name !== '';
  if (base === '' || more.length > 0 || (as !== '' && !named)) {
    throw new DockerfileError('FROM requires either one or three arguments', where.range);
  }
  const lower = name.toLowerCase();
  if (named && !isStageName(lower)) {
    const message = `invalid name for build stage: ${JSON.stringify(name.slice(0, MAX_NAME))}, name can't start with a number or contain symbols`;
    throw new DockerfileError(message, where.range);
  }
  if (named && lower === 'scratch') {
    throw new DockerfileError(
      'scratch is a reserved name and can not be used for a stage',
      where.range,
    );
  }
  return { base, name: lower, platform: flags.text('platform') };
}

function isStageName(name: string): boolean {
  if (name.length > MAX_NAME || !isLetter(name[0] ?? '')) return false;
  return [...name].every(
    (letter) => isLetter(letter) || (letter >= '0' && letter <= '9') || '-_.'.includes(letter),
  );
}

function isLetter(letter: string): boolean {
  return letter >= 'a' && letter <= 'z';
}
