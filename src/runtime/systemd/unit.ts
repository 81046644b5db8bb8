/** The names that systemd has for a container's cgroup: systemd.slice(5), systemd.scope(5). */

import { TiffinError } from '../../base/errors.ts';

export interface Unit {
  /** `tiffin-web.scope`; a name that ends in `.slice` is taken as it is. */
  name: string;
  /** The slice that it belongs to. */
  slice: string;
  /** Its directory below the manager's own group: `/system.slice/tiffin-web.scope`. */
  path: string;
}

const SLICE = '.slice';
/** systemd's own bound for names of units. */
const MAX_NAME = 255;

/**
 * `slice:prefix:name` of linux.cgroupsPath; empty parts and an empty text mean the defaults. The words of the failure are
 * runc's, for callers that look for them.
 */
export function parseUnit(text: string, id: string, defaultSlice: string): Unit {
  const parts = text === '' ? ['', 'tiffin', id] : text.split(':');
  const [slice = '', prefix = '', given = ''] = parts;
  if (parts.length !== 3) {
    throw invalid(
      `expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "${text.slice(0, 128)}" instead`,
    );
  }
  const own = given === '' ? id : given;
  const name = own.endsWith(SLICE) ? own : `${prefix === '' ? '' : `${prefix}-`}${own}.scope`;
  if (!/^[A-Za-z0-9:_.\\@-]+$/.test(name) || name.length > MAX_NAME) {
    throw invalid(`not the name of a systemd unit: ${JSON.stringify(name.slice(0, 128))}`);
  }
  const chosen = slice === '' ? defaultSlice : slice;
  return { name, slice: chosen, path: `${expandSlice(chosen)}/${name}` };
}

/** `a-b.slice` lies in `a.slice`: `/a.slice/a-b.slice`; `-.slice` is the top. */
export function expandSlice(slice: string): string {
  const parts = slice.slice(0, -SLICE.length).split('-');
  if (slice === '-.slice') return '';
  if (!slice.endsWith(SLICE) || slice.includes('/') || parts.includes('')) {
    throw invalid(`invalid slice name: ${JSON.stringify(slice.slice(0, 128))}`);
  }
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}${SLICE}`).join('');
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'cgroup-path', `linux.cgroupsPath: ${message}`, {
    hint: 'write it as slice:prefix:name, such as system.slice:tiffin:web',
  });
}
