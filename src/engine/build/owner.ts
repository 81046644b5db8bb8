/** `--chown`: numbers, or names that the image's own files know. */

import { DockerfileError } from '../../build/dockerfile-error.ts';
import type { TreeSource } from './tree-source.ts';

export interface Owner {
  uid: number;
  gid: number;
}

const MAX_ID = 2 ** 32 - 2;
const MAX_FILE = 4 * 1024 * 1024;

/** `user`, `user:group`, `:group`. Without a group it is the user's own, and of a number the same number, as docker has it. */
export async function resolveOwner(text: string, root: TreeSource): Promise<Owner> {
  const [user = '', group = user, ...more] = text.split(':');
  if (more.length > 0) throw new DockerfileError(`invalid chown string: ${text.slice(0, 80)}`);
  const own = user === '' ? { uid: 0, gid: 0 } : await findUser(user, root);
  if (!text.includes(':')) return { uid: own.uid, gid: own.gid };
  return { uid: own.uid, gid: group === '' ? own.gid : await findGroup(group, root) };
}

async function findUser(user: string, root: TreeSource): Promise<Owner> {
  const number = idOf(user);
  if (number !== undefined) return { uid: number, gid: number };
  const fields = await lineOf(root, 'etc/passwd', user);
  const [uid, gid] = [idOf(fields?.[2] ?? ''), idOf(fields?.[3] ?? '')];
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  throw new DockerfileError(
    `invalid user: unable to find user ${user.slice(0, 80)}: no matching entries in passwd file`,
  );
}

async function findGroup(group: string, root: TreeSource): Promise<number> {
  const number = idOf(group) ?? idOf((await lineOf(root, 'etc/group', group))?.[2] ?? '');
  if (number !== undefined) return number;
  throw new DockerfileError(
    `unable to find group ${group.slice(0, 80)}: no matching entries in group file`,
  );
}

async function lineOf(root: TreeSource, path: string, name: string): Promise<string[] | undefined> {
  const text = await readText(root, path);
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
}

async function readText(root: TreeSource, path: string): Promise<string> {
  const opened = await root.open(path);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const batch of opened ?? []) {
    for (const { op } of batch) {
      if (op.op !== 'tree-data') continue;
      size += op.bytes.length;
      if (size > MAX_FILE) return '';
      pieces.push(op.bytes);
    }
  }
  return Buffer.concat(pieces).toString();
}

/** Decimal only, and never 2^32 - 1, which means «no change». */
function idOf(text: string): number | undefined {
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value <= MAX_ID ? value : undefined;
}
