/** Interfaces that are moved into the container: runtime-spec config-linux.md «Network Devices». */

import type { RuntimeSpec } from './spec.ts';

/** IFNAMSIZ without its NUL. */
const NAME_MAX = 15;

export function networkDevices({ linux }: RuntimeSpec): string[] {
  const devices = Object.entries(linux?.netDevices ?? {});
  const problems: string[] = [];
  const taken = new Set<string>();
  for (const [name, device] of devices) {
    const inside = device.name === undefined || device.name === '' ? name : device.name;
    if (!isInterfaceName(name) || name.includes('%') || !isInterfaceName(inside)) {
      problems.push(
        `linux.netDevices.${name}: an interface name has 1 to ${NAME_MAX} bytes without "/", ":" and spaces`,
      );
    }
    if (!inside.includes('%') && taken.has(inside)) {
      problems.push(`linux.netDevices.${name}.name: ${inside} is given twice`);
    }
    taken.add(inside);
  }
  return problems;
}

/** The kernel's dev_valid_name; `%d` once is a template for a number. */
function isInterfaceName(name: string): boolean {
  const length = new TextEncoder().encode(name).length;
  if (length === 0 || length > NAME_MAX || name === '.' || name === '..') return false;
  if (/[/:\s]/.test(name)) return false;
  const parts = name.split('%');
  return parts.length === 1 || (parts.length === 2 && parts[1]?.startsWith('d') === true);
}
