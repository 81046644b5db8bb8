/** Small texts that several lists share. */

import { ageInWords } from '../values/duration.ts';

/** At most `max` characters; a longer text ends in an ellipsis. */
export function ellipsis(text: string, max: number): string {
  const characters = [...text];
  if (characters.length <= max) return text;
  return max <= 1 ? characters.slice(0, max).join('') : `${characters.slice(0, max - 1).join('')}…`;
}

/** Twelve digits of an id, without its algorithm. Apart from `base/ids`, which loads node:crypto. */
export function shortId(id: string): string {
  return id.slice(id.indexOf(':') + 1).slice(0, 12);
}

/** `3 hours ago`, from seconds since 1970; `N/A` for an unknown time. */
export function ago(seconds: number, now: number = Date.now()): string {
  return seconds <= 0 ? 'N/A' : `${ageInWords(Math.max(0, now / 1000 - seconds))} ago`;
}

export function labelsText(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}
