/** Identifiers of containers, execs, networks: 64 lower-case hex digits from the kernel's generator. */

import { randomBytes } from 'node:crypto';

const ID_DIGITS = 64;
const SHORT_DIGITS = 12;

/** A new identifier. Never all decimal in its first twelve digits: that would be a host name which reads as a number. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(ID_DIGITS / 2).toString('hex');
    if (!isDecimal(id.slice(0, SHORT_DIGITS))) return id;
  }
}

/** The twelve digits that people see. Accepts a digest too: `sha256:abc…` gives `abc…`. */
export function shortId(id: string): string {
  const colon = id.indexOf(':');
  return id.slice(colon + 1, colon + 1 + SHORT_DIGITS);
}

/** Whether `text` is a full identifier. */
export function isId(text: string): boolean {
  return text.length === ID_DIGITS && isHex(text);
}

/** Whether `text` is not empty and only of lower-case hex digits. */
export function isHex(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const digit = code >= 48 && code <= 57;
    const letter = code >= 97 && code <= 102;
    if (!digit && !letter) return false;
  }
  return text.length > 0;
}

/** A short random name part for temporary files: 12 hex digits. */
export function randomSuffix(): string {
  return randomBytes(SHORT_DIGITS / 2).toString('hex');
}

function isDecimal(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return true;
}
