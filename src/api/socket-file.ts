/** The socket's place in the file system. */

import { chmodSync, chownSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { errnoName, TiffinError } from '../base/errors.ts';

/** sun_path holds 108 bytes with the final zero (unix(7)). */
const MAX_PATH_BYTES = 107;

/** Makes the directory and removes a socket that nobody answers on. Throws when somebody does, or when something else stands there. */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new TiffinError(
      'invalid',
      'socket-path',
      `socket path is longer than 107 bytes: ${path}`,
    );
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new TiffinError('conflict', 'socket-path', `${path} exists and is not a socket`);
  }
  if (await answers(path)) {
    throw new TiffinError('conflict', 'already-serving', `another engine answers on ${path}`);
  }
  unlinkSync(path);
}

/** Owner only, or owner and group. */
export function restrictSocket(path: string, group: number | undefined): void {
  if (group !== undefined) chownSync(path, -1, group);
  chmodSync(path, group === undefined ? 0o600 : 0o660);
}

export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const finish = (result: boolean) => {
      probe.destroy();
      resolve(result);
    };
    probe.once('connect', () => finish(true));
    probe.once('error', () => finish(false));
  });
}
