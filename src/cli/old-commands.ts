/** Commands as docker called them in its first years. They run with docker's warning, and are in no help. */

const OLD: ReadonlyMap<string, string> = new Map([
  ['-d', 'serve'],
  ['--daemon', 'serve'],
  ['daemon', 'serve'],
  ['rmimage', 'rmi'],
]);

/** `docker -d -g /data` is `tiffin serve -g /data`; undefined: the first word is no such command. */
export function readOldCommand(
  argv: readonly string[],
): { argv: string[]; warning: string } | undefined {
  const [first = '', ...rest] = argv;
  const today = OLD.get(first);
  if (today === undefined) return undefined;
  const warning = `Warning: '${first}' is deprecated, it will be replaced by '${today}' soon. See usage.`;
  return { argv: [today, ...rest], warning };
}
