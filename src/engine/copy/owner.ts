/** Whom a container's files belong to when they go to its user. Names are read in the container, as passwd(5) has them. */

import { TiffinError } from '../../base/errors.ts';
import type { Step } from '../../plan/ops.ts';
import { TarReader } from '../../store/index.ts';
import type { Container } from '../containers/container.ts';
import type { Parts } from '../parts.ts';
import { parseUser } from '../spec/user.ts';

const MAX_FILE = 1024 * 1024;
const MAX_ID = 2 ** 32 - 2;

export async function ownerIn(
  parts: Parts,
  { definition }: Container,
  steps: Step[],
): Promise<{ uid: number; gid: number }> {
  const { user, group } = parseUser(definition.config.User, []);
  const accounts = await lines(parts, steps, '/etc/passwd');
  const account = accounts.find(([name, , uid]) => name === user || uid === user);
  const uid = decimal(user) ?? decimal(account?.[2]);
  if (uid === undefined) throw unknown('user', user);
  if (group === '') return { uid, gid: decimal(account?.[3]) ?? 0 };
  const numbered = decimal(group);
  if (numbered !== undefined) return { uid, gid: numbered };
  const groups = await lines(parts, steps, '/etc/group');
  const gid = decimal(groups.find(([name]) => name === group)?.[2]);
  if (gid === undefined) throw unknown('group', group);
  return { uid, gid };
}

async function lines(parts: Parts, steps: Step[], path: string): Promise<string[][]> {
  const reader = new TarReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    // A link there is followed, inside of the container.
    const real = (await parts.store.archives.status(steps, path)).link;
    const file = real === '' ? path : `/etc/${real}`;
    for await (const chunk of parts.store.archives.exportTree(
      steps,
      real.startsWith('/') ? real : file,
    )) {
      for (const event of reader.push(chunk)) {
        if (event.kind !== 'data') continue;
        size += event.bytes.length;
        if (size > MAX_FILE) return [];
        pieces.push(event.bytes.slice());
      }
    }
  } catch (error) {
    if (error instanceof TiffinError && error.class === 'not-found') return [];
    throw error;
  }
  return Buffer.concat(pieces)
    .toString()
    .split('\n')
    .map((line) => line.split(':'));
}

function decimal(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= MAX_ID ? value : undefined;
}

function unknown(what: string, name: string): TiffinError {
  const message = `unable to find ${what} ${name.slice(0, 256)}: no matching entries in the container`;
  return new TiffinError('invalid', 'unknown-owner', message);
}
