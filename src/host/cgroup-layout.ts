/** Which cgroup hierarchies this process sees, from three texts of procfs (cgroups(7), proc_pid_mountinfo(5)). */

/** Where the hierarchies are mounted and where this process stands in them. */
export interface CgroupLayout {
  /** hybrid: v1 hierarchies beside a v2 one. none: no cgroup file system at all. */
  mode: 'v1' | 'v2' | 'hybrid' | 'none';
  /** Controller (or `name=systemd`) → mount point of its v1 hierarchy. Controllers mounted together share one. */
  v1: Readonly<Record<string, string>>;
  /** Mount point of the v2 hierarchy. */
  v2?: string;
  /** Controller → cgroup of this process, as a path below the mount point (`/` at the top); the key `''` is v2. */
  own: Readonly<Record<string, string>>;
  /** What the top of the v2 hierarchy offers (cgroup.controllers). */
  controllers: readonly string[];
}

export interface CgroupMount {
  mountpoint: string;
  /** Directory of the hierarchy that is visible at the mount point. */
  root: string;
  version: 1 | 2;
  /** Super options of a v1 hierarchy that are not `rw` and the like. */
  controllers: string[];
}

const MOUNT_OPTIONS = new Set(['rw', 'ro', 'xattr', 'noprefix', 'clone_children', 'all', 'none']);

/** The layout from `/proc/self/mountinfo`, `/proc/self/cgroup` and the v2 hierarchy's `cgroup.controllers`. */
export function cgroupLayout(
  mountinfo: string,
  ownCgroups: string,
  readControllers: (v2: string) => string,
): CgroupLayout {
  const mounts = parseCgroupMounts(mountinfo);
  const paths = parseOwnCgroups(ownCgroups);
  const v1: Record<string, string> = Object.create(null);
  const own: Record<string, string> = Object.create(null);
  let v2: string | undefined;
  for (const mount of mounts) {
    if (mount.version === 2) {
      if (v2 !== undefined) continue;
      v2 = mount.mountpoint;
      own[''] = below(mount.root, paths.get('') ?? '/');
    }
    for (const controller of mount.controllers) {
      if (v1[controller] !== undefined) continue;
      v1[controller] = mount.mountpoint;
      own[controller] = below(mount.root, paths.get(controller) ?? '/');
    }
  }
  const controllers = v2 === undefined ? [] : words(readControllers(v2));
  const mode = layoutMode(Object.keys(v1).length > 0, v2 !== undefined);
  return v2 === undefined ? { mode, v1, own, controllers } : { mode, v1, v2, own, controllers };
}

/** cgroup mounts in mount order. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split('\n')) {
    // The cheap test first: a host may have thousands of mounts.
    if (!line.includes(' - cgroup')) continue;
    const [head = '', tail = ''] = line.split(' - ');
    const [, , , root, mountpoint] = head.split(' ');
    const [type, , superOptions = ''] = tail.split(' ');
    if (root === undefined || mountpoint === undefined) continue;
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    mounts.push({
      mountpoint: unescapeOctal(mountpoint),
      root: unescapeOctal(root),
      version: type === 'cgroup2' ? 2 : 1,
      controllers: type === 'cgroup2' ? [] : v1Controllers(superOptions),
    });
  }
  return mounts;
}

/** `/proc/<pid>/cgroup` → controller → path in the hierarchy; the key `''` is v2. */
export function parseOwnCgroups(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const first = line.indexOf(':');
    const second = line.indexOf(':', first + 1);
    if (first < 0 || second < 0) continue;
    const path = line.slice(second + 1);
    for (const name of line.slice(first + 1, second).split(',')) paths.set(name, path);
  }
  return paths;
}

function v1Controllers(superOptions: string): string[] {
  return superOptions
    .split(',')
    .filter((option) => !MOUNT_OPTIONS.has(option))
    .filter((option) => !option.includes('=') || option.startsWith('name='));
}

/** A container without its own cgroup namespace sees `/docker/x` mounted, and is told that it is in `/docker/x/y`. */
function below(root: string, path: string): string {
  if (root === '/') return path;
  if (path === root) return '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : '/';
}

function layoutMode(hasV1: boolean, hasV2: boolean): CgroupLayout['mode'] {
  if (hasV1) return hasV2 ? 'hybrid' : 'v1';
  return hasV2 ? 'v2' : 'none';
}

function words(text: string): string[] {
  return text.split(/\s/).filter((word) => word !== '');
}

/** mountinfo writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
