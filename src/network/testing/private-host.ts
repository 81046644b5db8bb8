/**
 * A host of its own for tests that change links and firewall: the test file runs a second time inside new network and
 * mount namespaces, where these helpers execute plans and start processes with the network of a container.
 */

import { expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomSuffix } from '../../base/ids.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan, Step } from '../../plan/ops.ts';

const INSIDE = 'TIFFIN_PRIVATE_HOST';
const SHIM = join(import.meta.dir, '../../../dist/shim');
const CLONE_NEWNET = 0x40000000n;
const TIME_LIMIT_MS = 120_000;

/** Defines `tests` when it runs in the private host, and else the one test that goes there. */
export function inPrivateHost(name: string, file: string, tests: () => void): void {
  if (process.env[INSIDE] !== undefined) {
    run(['mount', '-t', 'sysfs', 'sysfs', '/sys']);
    run(['ip', 'link', 'set', 'lo', 'up']);
    tests();
    return;
  }
  test(
    name,
    () => {
      if (!existsSync(SHIM)) throw new Error(`${SHIM} is missing: run make dist/shim`);
      const command = ['unshare', '--net', '--mount', process.execPath, 'test', file];
      const result = Bun.spawnSync(command, {
        env: { ...process.env, [INSIDE]: '1' },
        stdout: 'pipe',
        stderr: 'pipe',
      });
      const output = `${result.stdout}${result.stderr}`;
      expect(result.exitCode === 0 ? '' : output).toBe('');
    },
    TIME_LIMIT_MS,
  );
}

/** Executes a host-only plan; a failed step throws with the shim's words. */
export function apply(plan: Plan): void {
  if (plan.length === 0) return;
  const result = Bun.spawnSync([SHIM, 'run', planFile(plan)], { stderr: 'pipe' });
  if (result.exitCode !== 0) throw new Error(result.stderr.toString());
}

export interface TestContainer extends AsyncDisposable {
  pid: number;
  /** Lines of its standard output; the first is awaited by `startContainer`. */
  line(): Promise<string>;
  write(text: string): void;
  /** Ends it and waits until its teardown has run. */
  stop(): Promise<void>;
}

/**
 * Starts a program with a network namespace and the steps given, as a launch has them; it runs until it ends by itself
 * or is stopped. Resolves with its first line of output.
 */
export async function startContainer(
  steps: readonly Step[],
  args: readonly string[],
): Promise<TestContainer & { first: string }> {
  const child = Bun.spawn([SHIM, 'run', planFile(containerPlan(steps, args))], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const line = lineReader(child.stdout);
  const first = await line();
  if (first === '') {
    await child.exited;
    throw new Error(`the container did not start: ${await new Response(child.stderr).text()}`);
  }
  const stop = async () => {
    child.stdin.end();
    await child.exited;
  };
  const write = (text: string) => {
    child.stdin.write(text);
    child.stdin.flush();
  };
  return { pid: child.pid, first, line, write, stop, [Symbol.asyncDispose]: stop };
}

/** Runs a program and returns its output; a failure throws with its words. */
export function run(command: readonly string[]): string {
  const result = Bun.spawnSync([...command], { stdout: 'pipe', stderr: 'pipe' });
  if (result.exitCode !== 0) throw new Error(`${command.join(' ')}: ${result.stderr}`);
  return result.stdout.toString();
}

function containerPlan(steps: readonly Step[], args: readonly string[]): Plan {
  const of = (stage: Step['stage']) => steps.filter((step) => step.stage === stage);
  const isLate = ({ op }: Step) => op.op === 'await-link';
  const beside = of('beside');
  return [
    {
      stage: 'host',
      op: {
        op: 'supervise',
        mode: 1,
        directory: '',
        log: '',
        logMaxBytes: 0n,
        logMaxFiles: 0,
        stdin: 3,
        terminal: 0,
        rows: 0,
        columns: 0,
        preserveFds: 0,
      },
      why: '',
    },
    ...of('host'),
    { stage: 'host', op: { op: 'clone', flags: CLONE_NEWNET, cgroup: '' }, why: '' },
    ...beside.filter((step) => !isLate(step)),
    { stage: 'beside', op: { op: 'notify', token: 1 }, why: '' },
    { stage: 'inside', op: { op: 'await', token: 1 }, why: '' },
    ...of('inside'),
    { stage: 'inside', op: { op: 'notify', token: 2 }, why: '' },
    { stage: 'beside', op: { op: 'await', token: 2 }, why: '' },
    ...beside.filter(isLate),
    { stage: 'beside', op: { op: 'notify', token: 3 }, why: '' },
    { stage: 'inside', op: { op: 'await', token: 3 }, why: '' },
    {
      stage: 'inside',
      op: { op: 'exec', args, env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], home: 0 },
      why: '',
    },
    ...of('teardown'),
  ];
}

/** The shim removes the file after reading it. */
function planFile(plan: Plan): string {
  const file = join(tmpdir(), `tiffin-plan-${randomSuffix()}`);
  writeFileSync(file, encodePlan(plan), { flag: 'wx', mode: 0o600 });
  return file;
}

function lineReader(stream: ReadableStream<Uint8Array>): () => Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return async () => {
    while (!text.includes('\n')) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    const end = text.indexOf('\n');
    const line = end < 0 ? text : text.slice(0, end);
    text = end < 0 ? '' : text.slice(end + 1);
    return line;
  };
}
