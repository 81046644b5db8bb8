/** Real registries on loopback, in the shapes that people run them: open, with a password, with a token server, with TLS. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, until } from '../integration/harness.ts';

export interface Registry extends Disposable {
  host: string;
  process: ChildProcess;
}

export interface RegistryOptions {
  /** Where its files go. */
  directory: string;
  name: string;
  port: number;
  /** More of its configuration. */
  more?: string;
  /** More of the section `http`, indented by two. */
  http?: string;
  ca?: string;
}

/** Debian's docker-registry. Resolves when it answers. */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { directory, name, port, more = '', http = '' } = options;
  const host = `127.0.0.1:${port}`;
  const storage = join(directory, `registry-${name}`);
  mkdirSync(storage);
  const config = join(directory, `registry-${name}.yml`);
  writeFileSync(
    config,
    `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${storage}\n  delete:\n    enabled: true\nhttp:\n  addr: ${host}\n${http}${more}`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const url = options.ca === undefined ? `http://${host}/v2/` : `https://${host}/v2/`;
  const tls = options.ca === undefined ? {} : { tls: { ca: options.ca } };
  await until(`the registry on ${host} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    return (await fetch(url, tls).catch(() => undefined)) !== undefined;
  });
  return { host, process: child, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

/** The section `auth` for users and passwords. */
export async function passwordFile(directory: string, user: string, word: string): Promise<string> {
  const path = join(directory, `htpasswd-${user}`);
  writeFileSync(path, await must(['htpasswd', '-Bbn', user, word]));
  return `auth:\n  htpasswd:\n    realm: test\n    path: ${path}\n`;
}
