/** `--ulimit name=soft[:hard]`. */

import type { Ulimit } from '../../spec/docker.ts';
import { parseInteger, ValueError } from '../values/number.ts';

const NAMES = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
);

export function checkUlimit(text: string): string {
  parseUlimit(text);
  return text;
}

export function parseUlimit(text: string): Ulimit {
  const equals = text.indexOf('=');
  if (equals < 0) throw new ValueError(`invalid ulimit argument: ${text}`);
  const name = text.slice(0, equals);
  if (!NAMES.has(name)) throw new ValueError(`invalid ulimit type: ${name}`);
  const limits = text.slice(equals + 1).split(':');
  if (limits.length > 2) {
    throw new ValueError(
      `too many limit value arguments - ${text.slice(equals + 1)}, can only have up to two, \`soft[:hard]\``,
    );
  }
  const [soft = 0, hard = soft] = limits.map(parseInteger);
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    const words = 'ulimit soft limit must be less than or equal to hard limit';
    throw new ValueError(`${words}: ${soft} > ${hard}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}
