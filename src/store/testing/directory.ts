/** Directories of a test's own. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

export function testDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'tiffin-store-'));
  made.push(path);
  return path;
}

/** Every file below, as relative paths in order. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

/** For `afterAll` of each test file that makes directories. */
export function removeTestDirectories(): void {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
}
