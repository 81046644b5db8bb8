/**
 * A host of its own for tests of networks: the test file runs a second time inside new network and mount
 * namespaces, with an engine there, and a second machine on the wire.
 */

import { test } from 'bun:test';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, type Result, run } from './harness.ts';

const INSIDE = 'TIFFIN_ATTACKED_HOST';
const TIME_LIMIT_MS = 180_000;
export const LAN = {
  host: '10.9.0.1',
  neighbour: '10.9.0.2',
  host6: 'fd09::1',
  neighbour6: 'fd09::2',
};

/** Defines `tests` when it runs in the host of its own, and else the one test that goes there. */
export function onHostOfItsOwn(name: string, file: string, tests: () => void): void {
  if (process.env[INSIDE] !== undefined) {
    tests();
    return;
  }
  test(
    name,
    async () => {
      const command = ['unshare', '--net', '--mount', process.execPath, 'test'];
      const limit = ['--timeout', String(TIME_LIMIT_MS)];
      const result = await run([...command, ...limit, file], {
        env: { [INSIDE]: '1' },
        timeoutMs: TIME_LIMIT_MS,
      });
      if (result.status !== 0) throw new Error(result.stdout + result.stderr);
    },
    TIME_LIMIT_MS,
  );
}

/** What a host has before any engine runs on it: a sysfs that shows its own links, with the same control groups. */
export async function prepareHost(): Promise<void> {
  const groups = mkdtempSync(join(tmpdir(), 'tiffin-groups-'));
  await must(['mount', '--rbind', '/sys/fs/cgroup', groups]);
  await must(['mount', '-t', 'sysfs', 'sysfs', '/sys']);
  await must(['mount', '--move', groups, '/sys/fs/cgroup']);
  rmdirSync(groups);
  await must(['ip', 'link', 'set', 'lo', 'up']);
}

/** Another machine on a wire to the host, which sends to the host what it has no other way for. */
export class Neighbour implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async attach(): Promise<Neighbour> {
    const holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const own = readlinkSync('/proc/self/ns/net');
    while (holder.exitCode === null && namespaceOf(holder.pid) === own) await Bun.sleep(1);
    const neighbour = new Neighbour(holder);
    const pid = String(holder.pid);
    await must('ip link add lan0 type veth peer name eth0 netns'.split(' ').concat(pid));
    await must(['ip', 'address', 'add', `${LAN.host}/24`, 'dev', 'lan0']);
    await must(['ip', 'address', 'add', `${LAN.host6}/64`, 'dev', 'lan0', 'nodad']);
    await must(['ip', 'link', 'set', 'lan0', 'up']);
    await neighbour.ok('ip', 'address', 'add', `${LAN.neighbour}/24`, 'dev', 'eth0');
    await neighbour.ok('ip', 'address', 'add', `${LAN.neighbour6}/64`, 'dev', 'eth0', 'nodad');
    await neighbour.ok('ip', 'link', 'set', 'eth0', 'up');
    await neighbour.ok('ip', 'route', 'add', 'default', 'via', LAN.host);
    return neighbour;
  }

  run(...argv: string[]): Promise<Result> {
    return run(['nsenter', '-t', String(this.#holder.pid), '-n', ...argv]);
  }

  ok(...argv: string[]): Promise<string> {
    return must(['nsenter', '-t', String(this.#holder.pid), '-n', ...argv]);
  }

  /** What an HTTP server answers, or bash's word for why nobody does, or `silence`. */
  async page(address: string, port: number, path = '/'): Promise<string> {
    return await this.#get(address, port, path, 10);
  }

  /** Whether nobody answers, which costs a second. */
  async isSilent(address: string, port: number): Promise<boolean> {
    return (await this.#get(address, port, '/', 1)) === 'silence';
  }

  async #get(address: string, port: number, path: string, seconds: number): Promise<string> {
    const call = `exec 3<>/dev/tcp/${address}/${port}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    const got = await this.run('timeout', String(seconds), 'bash', '-c', call);
    return got.status === 124 ? 'silence' : got.stdout + got.stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#holder.once('exit', resolve));
    this.#holder.stdin?.end();
    await ended;
    await run(['ip', 'link', 'delete', 'lan0']);
  }
}

function namespaceOf(pid: number | undefined): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}
