/**
 * What a start leaves in a container's changes because mounts need something to lie on. The image's author did not ask for it,
 * so it is neither listed as a change nor part of a commit.
 */

const DIRECTORIES: ReadonlySet<string> = new Set(['dev', 'proc', 'sys']);
const FILES: ReadonlySet<string> = new Set(['etc/hosts', 'etc/hostname', 'etc/resolv.conf']);

/** What an archive of the changes leaves out; a file counts while nothing is in it. */
export const placeholders: readonly string[] = [
  ...[...DIRECTORIES].map((path) => `${path}/`),
  ...FILES,
];

/** Of a path from `/` on. */
export function isPlaceholderPath(path: string): boolean {
  const name = path.slice(1);
  return DIRECTORIES.has(name) || FILES.has(name);
}
