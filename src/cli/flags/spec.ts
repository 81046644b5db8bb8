/** What a flag is: data. The parser, the help and the completions read the same tables. */

import { parseDuration } from '../values/duration.ts';
import {
  parseBoolean,
  parseInteger,
  parseNanoCpus,
  parseUint16,
  ValueError,
} from '../values/number.ts';
import { parseSize, parseSizeOrUnlimited } from '../values/size.ts';
import type { OldSpelling } from './old-spelling.ts';

export interface FlagSpec {
  /** Without the dashes. */
  name: string;
  short?: string;
  kind: FlagKind;
  help: string;
  /** Shown in the help when it differs from the kind's zero value. */
  fallback?: string;
  /** The word for the value in the help; default: the kind's. */
  label?: string;
  /** Other long names that are accepted and not shown. */
  aliases?: readonly string[];
  hidden?: boolean;
  /** Spellings of docker's first years. */
  deprecated?: readonly OldSpelling[];
  /** Has nothing but its old spellings; most of these have no effect any more. */
  obsolete?: boolean;
  /** Has nothing but old spellings, and is refused with this sentence. */
  refused?: string;
  /** Returns the value to keep; throws `ValueError` with the reason. After the kind's own reading; per element of a list. */
  check?: (text: string) => string;
}

/** How a value is read. `list` keeps every occurrence, `strings` also splits at commas. */
export type FlagKind =
  | 'bool'
  | 'string'
  | 'int'
  | 'uint16'
  | 'size'
  | 'size-or-unlimited'
  | 'nanocpus'
  | 'duration'
  | 'list'
  | 'strings';

export type FlagValue = boolean | string | number | string[];

interface KindRow {
  label: string;
  /** One occurrence to a value; lists are appended by the parser. */
  read: (text: string) => FlagValue;
}

export const flagKinds: Readonly<Record<FlagKind, KindRow>> = {
  bool: { label: '', read: parseBoolean },
  string: { label: 'string', read: (text) => text },
  int: { label: 'int', read: parseInteger },
  uint16: { label: 'uint16', read: parseUint16 },
  size: { label: 'bytes', read: parseSize },
  'size-or-unlimited': { label: 'bytes', read: parseSizeOrUnlimited },
  nanocpus: { label: 'decimal', read: parseNanoCpus },
  duration: { label: 'duration', read: parseDuration },
  list: { label: 'list', read: (text) => [text] },
  strings: { label: 'strings', read: splitCommas },
};

/** Values separated by commas; a quoted value may hold one (`"a,b",c`). */
export function splitCommas(text: string): string[] {
  if (text === '') return [];
  const fields: string[] = [];
  let at = 0;
  while (at <= text.length) {
    const quoted = text[at] === '"';
    const end = quoted ? closingQuote(text, at + 1) : text.indexOf(',', at);
    const stop = end < 0 ? text.length : end;
    fields.push(quoted ? text.slice(at + 1, stop).replaceAll('""', '"') : text.slice(at, stop));
    at = quoted ? stop + 2 : stop + 1;
    if (quoted && stop + 1 < text.length && text[stop + 1] !== ',') {
      throw new ValueError(`extraneous or missing " in quoted-field`);
    }
  }
  return fields;
}

function closingQuote(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = text.indexOf('"', at);
    if (at < 0) throw new ValueError(`extraneous or missing " in quoted-field`);
    if (text[at + 1] !== '"') return at;
    at += 2;
  }
}
