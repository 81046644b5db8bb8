/** Runs a cgroup plan in the machine's own hierarchies, for tests: steps from here, joins by a shell. */

import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { errnoName } from '../../base/errors.ts';
import { gatherFacts } from '../../host/facts.ts';
import { kernelDirectories } from '../../host/kernel-files.ts';
import type { Step } from '../../plan/ops.ts';
import type { LinuxResources } from '../../spec/runtime/resources.ts';
import { applyFileSteps } from '../apply.ts';
import { type CgroupPlan, cgroupProcesses, planCgroup } from '../index.ts';
import { uniquePaths } from '../paths.ts';

/** Why tests in the real tree cannot run here; undefined if they can. */
export function liveTestsImpossible(): string | undefined {
  const facts = gatherFacts();
  if (facts.uid !== 0) return 'not root';
  if (facts.cgroup.mode === 'none') return 'no cgroup file system';
  const top = Object.values(facts.cgroup.v1)[0] ?? facts.cgroup.v2 ?? '';
  return existsSync(`${top}/cgroup.procs`) ? undefined : `no ${top}/cgroup.procs`;
}

export class LiveCgroup implements AsyncDisposable {
  readonly plan: CgroupPlan;
  readonly #children: Bun.Subprocess[] = [];

  /** Makes the cgroups of a new container and sets the limits. */
  constructor(resources: LinuxResources | undefined, name = `live-${process.pid}-${Date.now()}`) {
    const facts = gatherFacts();
    this.plan = planCgroup({ facts, path: `/tiffin-test/${name}`, resources });
    applyFileSteps(this.steps('host').filter(({ op }) => op.op !== 'device-filter'));
  }

  steps(stage: Step['stage']): Step[] {
    return this.plan.steps.filter((step) => step.stage === stage);
  }

  /** A shell that enters the cgroups and then runs `script`. */
  shell(script: string): Bun.Subprocess<'ignore', 'pipe', 'pipe'> {
    const joins = this.steps('inside').map(({ op }) => (op.op === 'write' ? op.path : ''));
    // The v2 cgroup is entered at clone time by a launch; a shell can only move.
    if (this.plan.cloneInto !== '') joins.push(`${this.plan.cloneInto}/cgroup.procs`);
    const enter = 'for file in "$@"; do echo 0 > "$file" || exit 99; done\n';
    const child = Bun.spawn(['bash', '-c', enter + script, 'live', ...joins], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    this.#children.push(child);
    return child;
  }

  /** Standard output and exit code of `script` in the cgroups. */
  async run(script: string): Promise<{ text: string; code: number }> {
    const child = this.shell(script);
    const text = await new Response(child.stdout).text();
    return { text: text.trim(), code: await child.exited };
  }

  /** Content of a file in the cgroup of a controller (`''`: v2). */
  read(controller: string, file: string): string {
    const { v1, v2 } = this.plan.paths;
    return readFileSync(join(v1[controller] ?? v2, file), 'utf8').trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of cgroupProcesses(this.plan.paths)) process.kill(pid, 'SIGKILL');
    for (const child of this.#children) {
      child.kill('SIGKILL');
      await child.exited;
    }
    for (const path of uniquePaths(this.plan.paths)) {
      for (const name of kernelDirectories(path)) await removeEmpty(join(path, name));
      await removeEmpty(path);
      const parent = join(path, '..');
      if (kernelDirectories(parent).length === 0) rmdirSync(parent);
    }
  }
}

/** Killed grandchildren keep a cgroup busy until somebody reaps them. */
async function removeEmpty(path: string): Promise<void> {
  const end = Date.now() + 5000;
  for (;;) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (errnoName(error) !== 'EBUSY' || Date.now() > end) throw error;
      await wait(1);
    }
  }
}
