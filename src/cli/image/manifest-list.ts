/** Manifest lists that are being put together, below docker's configuration directory: one file for each, until it is pushed or removed. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Descriptor } from '../../spec/content.ts';
import { parseDescriptor } from '../../spec/image.ts';
import { JsonObject, parseJson } from '../../spec/json-object.ts';
import {
  familiarReference,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../../spec/reference.ts';
import { CliError } from '../command.ts';
import { configDirectory } from '../context/directory.ts';

export interface ListEntry {
  /** Complete name of the image in its registry. */
  from: string;
  descriptor: Descriptor;
}

const MAX_ENTRIES = 1000;

/** Complete, with a tag; the form under which lists are kept. */
export function listName(text: string): string {
  return formatReference(withDefaultTag(parseReference(text)));
}

/** Undefined when there is none. Throws for a file that is none. */
export function readList(name: string): ListEntry[] | undefined {
  const path = pathOf(name);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  return JsonObject.of(parseJson(bytes, path), path).list('manifests', MAX_ENTRIES, listEntry);
}

/** Throws when there is none. */
export function requireList(name: string): ListEntry[] {
  const list = readList(name);
  if (list !== undefined) return list;
  throw new CliError(`no such manifest: ${familiarReference(parseReference(name))}`);
}

export function writeList(name: string, manifests: readonly ListEntry[]): void {
  const path = pathOf(name);
  mkdirSync(directory(), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify({ manifests }, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

export function removeList(name: string): void {
  rmSync(pathOf(name), { force: true });
}

function listEntry(value: unknown, path: string): ListEntry {
  const fields = JsonObject.of(value, path);
  const descriptor = parseDescriptor(fields.get('descriptor'), `${path}.descriptor`);
  return { from: fields.requiredText('from'), descriptor };
}

function directory(): string {
  return `${configDirectory()}/tiffin-manifests`;
}

/** No slash is left in a name, so it cannot lead elsewhere. */
function pathOf(name: string): string {
  return `${directory()}/${encodeURIComponent(name)}.json`;
}
