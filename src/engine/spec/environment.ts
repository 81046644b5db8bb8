/** Environment lists of `NAME=value`: later ones replace earlier ones of the same name in place. */

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `base` with `changes` applied; a change without `=` removes the name. */
export function mergeEnvironment(base: readonly string[], changes: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of base) merged.set(nameOf(entry), entry);
  for (const entry of changes) {
    if (entry.includes('=')) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

/** What the program gets: Docker's own variables first, those of links, then the container's. HOME is added in the container. */
export function processEnvironment(input: {
  hostname: string;
  terminal: boolean;
  linked: readonly string[];
  own: readonly string[];
}): string[] {
  const base = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${input.hostname}`];
  if (input.terminal) base.push('TERM=xterm');
  return mergeEnvironment([...base, ...input.linked], input.own);
}

function nameOf(entry: string): string {
  const equals = entry.indexOf('=');
  return equals < 0 ? entry : entry.slice(0, equals);
}
