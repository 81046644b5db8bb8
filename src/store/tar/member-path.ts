/** From a name in an archive to a path below a root. */

import { limits } from '../../base/limits.ts';
import { malformed } from './fields.ts';

/** NAME_MAX of Linux file systems. */
const MAX_COMPONENT = 255;

/**
 * Relative, without empty and `.` components; `.` for the root itself. A leading slash counts as relative, as in every
 * engine's images. `..` is refused even where it would stay inside: no image needs it and every escape does.
 */
export function memberPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..')
      throw malformed(`path ${JSON.stringify(shown(path))} leads out of the archive`);
    if (Buffer.byteLength(part) > MAX_COMPONENT) {
      throw malformed(
        `path ${JSON.stringify(shown(path))} has a name longer than ${MAX_COMPONENT} bytes`,
      );
    }
    parts.push(part);
  }
  if (path === '') throw malformed('a member has no path');
  const clean = parts.join('/') || '.';
  if (Buffer.byteLength(clean) >= limits.archivePathBytes) {
    throw malformed(`a path is longer than ${limits.archivePathBytes} bytes`);
  }
  return clean;
}

function shown(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
