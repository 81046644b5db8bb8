/** Spellings of docker's first years (1.0 and before): accepted with docker's warning, shown in no help and no completion. */

import type { FlagKind, FlagSpec } from './spec.ts';

/** With its dashes, as it was typed: `-notrunc`. */
export type OldSpelling = string | TranslatedSpelling;

/** One whose value, too, was another. */
export interface TranslatedSpelling {
  word: string;
  /** How it was read; default: as the flag is today. */
  kind?: FlagKind;
  /** The value in today's words; undefined: what is so anyway. */
  today: (text: string) => string | undefined;
  /** What the warning recommends; default: the flag's name. */
  instead?: string;
}

export interface OldWord {
  spec: FlagSpec;
  kind: FlagKind;
  today: (text: string) => string | undefined;
  /** Undefined: nothing takes its place. */
  instead: string | undefined;
}

/** Word → what it means. The whole word counts, as it did then: `-link` is no group of `-l`, `-i` … */
export function oldWords(specs: readonly FlagSpec[]): ReadonlyMap<string, OldWord> {
  const words = new Map<string, OldWord>();
  for (const spec of specs) {
    const gone = spec.obsolete === true || spec.refused !== undefined;
    const instead = gone ? undefined : `--${spec.name}`;
    for (const old of spec.deprecated ?? []) {
      const same = { spec, kind: spec.kind, today: (text: string) => text, instead };
      if (typeof old === 'string') words.set(old, same);
      else words.set(old.word, { ...same, ...old });
    }
  }
  return words;
}

/** Docker's words of then. */
export function deprecationWarning(word: string, instead: string | undefined): string {
  const future = instead === undefined ? 'removed' : `replaced by '${instead}'`;
  return `Warning: '${word}' is deprecated, it will be ${future} soon. See usage.`;
}
