/** Real launches of busybox in a temporary root, and what the tests look at afterwards. */

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Launcher } from '../../src/host/launcher.ts';
import type { Monitor } from '../../src/host/monitor.ts';
import { shimPath } from '../../src/host/shim-binary.ts';
import { encodePlan } from '../../src/plan/encode.ts';
import type { Op, OpOf, Plan, Stage, Step } from '../../src/plan/ops.ts';

export const NEWNS = 0x0002_0000n;
export const NEWUTS = 0x0400_0000n;
export const NEWIPC = 0x0800_0000n;
export const NEWPID = 0x2000_0000n;
export const RSLAVE = 0x84000n;
const MOUNT_ATTR_NOSUID = 2n;

export const step = (stage: Stage, op: Op): Step => ({ stage, op, why: '' });

export interface Stand {
  scratch: string;
  shim: string;
  /** A root file system with busybox. */
  root: string;
  launcher: Launcher;
  close(): Promise<void>;
}

export async function makeStand(): Promise<Stand> {
  const scratch = mkdtempSync(join(tmpdir(), 'tiffin-shim-'));
  const shim = shimPath(scratch);
  const root = join(scratch, 'root');
  for (const name of ['bin', 'proc', 'etc', 'tmp'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const name of ['sh', 'cat', 'echo', 'sleep', 'true', 'stty', 'dd', 'yes', 'head', 'id']) {
    copyFileSync('/bin/busybox', join(root, 'bin', name));
  }
  const launcher = await Launcher.start(shim, join(scratch, 'launcher.sock'));
  const close = async (): Promise<void> => {
    launcher.close();
    await launcher.ended;
    rmSync(scratch, { recursive: true, force: true });
  };
  return { scratch, shim, root, launcher, close };
}

export function supervise(
  directory: string,
  more: Partial<OpOf<'supervise'>> = {},
): OpOf<'supervise'> {
  return {
    op: 'supervise',
    mode: 2,
    directory,
    log: '',
    logMaxBytes: 0n,
    logMaxFiles: 1,
    stdin: 0,
    terminal: 0,
    rows: 0,
    columns: 0,
    preserveFds: 0,
    ...more,
  };
}

export const exec = (...args: string[]): Step =>
  step('inside', { op: 'exec', args, env: ['PATH=/bin'], home: 1 });

/** The steps from the clone to the pivot, with /proc, a /dev of its own and what `more` adds before the pivot. */
export function rootSteps(root: string, more: readonly Step[] = []): Step[] {
  const device = (path: string, minor: number): Step =>
    step('inside', {
      op: 'device',
      path,
      type: 0o020000,
      major: 1,
      minor,
      mode: 0o666,
      uid: 0,
      gid: 0,
      source: '',
    });
  const mount = (fstype: string, target: string, data = ''): Step =>
    step('inside', {
      op: 'mount',
      source: fstype,
      target,
      fstype,
      flags: MOUNT_ATTR_NOSUID,
      data,
      create: 1,
      propagation: 0n,
    });
  return [
    step('host', { op: 'clone', flags: NEWNS | NEWPID | NEWUTS | NEWIPC, cgroup: '' }),
    step('inside', { op: 'propagation', target: '/', flags: RSLAVE }),
    step('inside', { op: 'root', path: root, bind: 1 }),
    mount('proc', '/proc'),
    mount('tmpfs', '/dev', 'mode=755,size=64k'),
    mount('devpts', '/dev/pts', 'newinstance,ptmxmode=0666,mode=0620'),
    device('/dev/null', 3),
    device('/dev/zero', 5),
    ...more,
    step('inside', { op: 'pivot' }),
  ];
}

let directories = 0;

/** A monitor's directory of its own. */
export function runDirectory(stand: Stand): string {
  const directory = join(stand.scratch, `run-${++directories}`);
  mkdirSync(directory);
  return directory;
}

/** A plan of one container in the stand's root. */
export function containerPlan(
  stand: Stand,
  args: readonly string[],
  options: { supervise?: Partial<OpOf<'supervise'>>; steps?: readonly Step[]; more?: Step[] } = {},
): { plan: Plan; directory: string } {
  const directory = runDirectory(stand);
  const plan = [
    step('host', supervise(directory, options.supervise)),
    ...rootSteps(stand.root, options.steps),
    ...(options.more ?? []),
    exec(...args),
  ];
  return { plan, directory };
}

/** Starts a plan that must start. */
export async function start(stand: Stand, plan: Plan, subscribe = 3): Promise<Monitor> {
  const result = await stand.launcher.launch(encodePlan(plan), { subscribe });
  if (!result.ok) throw new Error(`launch failed: ${JSON.stringify(result.failure)}`);
  return result.monitor;
}

/** All output as text, both streams in one. */
export async function outputText(monitor: Monitor): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of monitor.output) chunks.push(bytes);
  return Buffer.concat(chunks).toString();
}

/** Reads output until it contains `wanted`. */
export async function outputUntil(monitor: Monitor, wanted: string): Promise<string> {
  let text = '';
  for await (const { bytes } of monitor.output) {
    text += new TextDecoder().decode(bytes);
    if (text.includes(wanted)) return text;
  }
  throw new Error(`output ended without ${JSON.stringify(wanted)}: ${JSON.stringify(text)}`);
}

export async function run(
  stand: Stand,
  args: readonly string[],
  options: Parameters<typeof containerPlan>[2] = {},
): Promise<{ text: string; status: number | undefined }> {
  const monitor = await start(stand, containerPlan(stand, args, options).plan);
  const text = await outputText(monitor);
  return { text, status: (await monitor.exited)?.status };
}

/** The launch's failure, of a plan that must fail. */
export async function failure(stand: Stand, plan: Plan) {
  const result = await stand.launcher.launch(encodePlan(plan));
  if (!result.ok) return result.failure;
  result.monitor.close();
  throw new Error('the launch did not fail');
}

/** The processes below `pid`. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended meanwhile.
    }
  }
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    found.push(...(children.get(next) ?? []));
    queue.push(...(children.get(next) ?? []));
  }
  return found;
}

/** Settles when a process is gone, which one watches by its pidfd: here by its directory in /proc. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

interface Hierarchy {
  root: string;
  /** The file that a process writes 0 to, to move there. */
  tasks: string;
  unified: boolean;
}

/** Cgroup hierarchies of this machine to try: v2, and that of v1 which counts processes. */
export const hierarchies: readonly Hierarchy[] = readFileSync('/proc/self/mountinfo', 'utf8')
  .split('\n')
  .flatMap((line): Hierarchy[] => {
    const root = line.split(' ')[4] ?? '';
    const [type, , options = ''] = (line.split(' - ')[1] ?? '').split(' ');
    if (type === 'cgroup2') return [{ root, tasks: 'cgroup.procs', unified: true }];
    const pids = type === 'cgroup' && options.split(',').includes('pids');
    return pids ? [{ root, tasks: 'tasks', unified: false }] : [];
  });
