/** Image names as people read them. */

import { familiarReference, parseReference, withDefaultTag } from '../../spec/reference.ts';

/** `alpine` as `alpine:latest`; the text itself where it is not a reference. */
export function familiarImage(text: string): string {
  try {
    return familiarReference(withDefaultTag(parseReference(text)));
  } catch {
    return text;
  }
}

/** Throws docker's text for a text that can be no image's name. */
export function checkReference(text: string): void {
  parseReference(text);
}
