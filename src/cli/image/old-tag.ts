/** `pull -t TAG NAME`, as it was before `NAME:TAG`. */

import type { FlagSpec } from '../flags/spec.ts';
import type { FlagValues } from '../flags/values.ts';

export const oldTagFlag: FlagSpec = {
  name: 'tag',
  kind: 'string',
  help: 'Is written NAME:TAG',
  hidden: true,
  obsolete: true,
  deprecated: ['-t', '-tag', '--tag'].map((word) => ({
    word,
    today: (tag) => tag,
    instead: 'NAME:TAG',
  })),
};

export function withOldTag(name: string, flags: FlagValues): string {
  const tag = flags.text('tag');
  return tag === '' ? name : `${name}:${tag}`;
}
