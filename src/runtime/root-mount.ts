/** Which mount of the host a root file system lies on: proc_pid_mountinfo(5). */

/** The longest mount point that is the path or above it; the later of two at one place, which covers the earlier. */
export function mountPointOf(path: string, mountinfo: string): string {
  let found = '/';
  for (const line of mountinfo.split('\n')) {
    const point = unescapeOctal(line.split(' ')[4] ?? '');
    const above = point === '/' || path === point || path.startsWith(`${point}/`);
    if (above && point.length >= found.length) found = point;
  }
  return found;
}

/** mountinfo writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
