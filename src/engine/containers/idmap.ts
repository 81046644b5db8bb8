/**
 * `-v source:target:idmap[=…]`: whose files a bind seems to hold. Alone it shows the files of the source's owner as the container's own user's, and
 * what that user writes belongs to the source's owner on the host. With a value it is `uids=FROM-TO-LENGTH[#…];gids=FROM-TO-LENGTH[#…]`, FROM on
 * disk, TO in the container.
 */

import { TiffinError } from '../../base/errors.ts';
import type { LinuxIdMapping } from '../../spec/runtime/index.ts';

/** As the runtime specification has it: `containerID` on disk, `hostID` in the container. */
export interface IdMap {
  uids: LinuxIdMapping[];
  gids: LinuxIdMapping[];
}

export interface Owner {
  uid: number;
  gid: number;
}

/** The kernel keeps 2^32 - 1 for «nobody». */
const END = 2 ** 32 - 1;
/** Lines that uid_map takes (user_namespaces(7)). */
const MAX_RANGES = 340;

/** Undefined where nothing has to be mapped. Throws `invalid`. */
export function parseIdMap(value: string, disk: Owner, inside: Owner): IdMap | undefined {
  if (value === '') {
    if (disk.uid === inside.uid && disk.gid === inside.gid) return undefined;
    return { uids: asOther(disk.uid, inside.uid), gids: asOther(disk.gid, inside.gid) };
  }
  const fields = value.split(';').map((part) => part.split('='));
  const lists = new Map(fields.map(([name = '', ranges = '']) => [name, ranges]));
  const known = [...lists.keys()].every((name) => name === 'uids' || name === 'gids');
  if (!known || lists.size !== fields.length) throw invalid(value);
  const uids = lists.get('uids') ?? lists.get('gids') ?? '';
  const gids = lists.get('gids') ?? uids;
  return { uids: parseRanges(uids, value), gids: parseRanges(gids, value) };
}

/**
 * `from` on disk is `to` inside, everybody else is themselves. What `to` has on disk is shown as nobody's: a container whose root stands for
 * another user neither sees nor makes files of the host's root.
 */
function asOther(from: number, to: number): LinuxIdMapping[] {
  const low = Math.min(from, to);
  const high = Math.max(from, to);
  const same = (start: number, end: number): LinuxIdMapping[] =>
    end > start ? [{ containerID: start, hostID: start, size: end - start }] : [];
  return [
    { containerID: from, hostID: to, size: 1 },
    ...same(0, low),
    ...same(low + 1, high),
    ...same(high + 1, END),
  ];
}

function parseRanges(text: string, whole: string): LinuxIdMapping[] {
  const ranges = text.split('#');
  if (ranges.length > MAX_RANGES) throw invalid(whole);
  return ranges.map((range) => {
    const match = /^([0-9]{1,10})-([0-9]{1,10})-([0-9]{1,10})$/.exec(range);
    const [containerID = END, hostID = END, size = 0] = (match ?? []).slice(1).map(Number);
    if (size < 1 || containerID + size > END || hostID + size > END) throw invalid(whole);
    return { containerID, hostID, size };
  });
}

function invalid(value: string): TiffinError {
  return new TiffinError(
    'invalid',
    'bad-idmap',
    `invalid idmap ${JSON.stringify(value.slice(0, 120))}`,
    {
      hint: 'write idmap alone, or idmap=uids=FROM-TO-LENGTH;gids=FROM-TO-LENGTH',
    },
  );
}
