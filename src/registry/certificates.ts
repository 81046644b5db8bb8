/**
 * Certificates for a registry, where docker and podman keep them: `<directory>/<host[:port]>/*.crt` are authorities to trust
 * beside the usual ones, `x.cert` with `x.key` is shown to a registry that asks who we are.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORIES = ['/etc/docker/certs.d', '/etc/containers/certs.d', '/etc/tiffin/certs.d'];
/** Of the machine; trusted for a registry with a directory of its own too. */
const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

export interface Certificates {
  ca: string[];
  cert?: string;
  key?: string;
}

/** By host: what was read, and when the directories were last changed. */
const known = new Map<string, { changed: string; found: Certificates }>();

/** Undefined: nothing is said of this host, the usual authorities count. `host` with the port, unless it is 443. */
export async function certificatesFor(host: string): Promise<Certificates | undefined> {
  const directories = DIRECTORIES.map((directory) => join(directory, host));
  const changed = directories.map(changeTime).join();
  if (changed.replaceAll(',', '') === '') return undefined;
  const before = known.get(host);
  if (before?.changed === changed) return before.found;
  const found = await read(directories);
  known.set(host, { changed, found });
  return found;
}

async function read(directories: readonly string[]): Promise<Certificates> {
  // Only needed for such a registry, and heavy.
  const { rootCertificates } = await import('node:tls');
  const found: Certificates = { ca: [...rootCertificates, ...texts(SYSTEM_BUNDLE)] };
  for (const directory of directories) {
    for (const name of names(directory)) {
      if (name.endsWith('.crt')) found.ca.push(...texts(join(directory, name)));
      if (!name.endsWith('.cert')) continue;
      const [cert] = texts(join(directory, name));
      const [key] = texts(join(directory, `${name.slice(0, -5)}.key`));
      if (cert !== undefined && key !== undefined) Object.assign(found, { cert, key });
    }
  }
  return found;
}

function changeTime(directory: string): string {
  const status = statSync(directory, { throwIfNoEntry: false });
  return status === undefined ? '' : String(status.mtimeMs);
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    // Most registries have none.
    return [];
  }
}

function texts(path: string): string[] {
  try {
    return [readFileSync(path, 'utf8')];
  } catch {
    // A file that cannot be read is as good as none: the handshake then says what is missing.
    return [];
  }
}
