/** RUN: a program in the files so far. */

import { runKey, sourceKey } from './cache-key.ts';
import type { InstructionOf } from './instruction.ts';
import { mountRequest } from './mount-request.ts';
import { commandArgs } from './settings.ts';
import { namedSource, type StageWork, type StepOutcome, throughCache } from './stage.ts';
import type { RunRequest, StepMount, StepReport } from './worker.ts';

export async function runStep(
  work: StageWork,
  instruction: InstructionOf<'run'>,
  { step, report }: { step: number; report: StepReport },
): Promise<StepOutcome> {
  const { state, scope } = work;
  const mounts = await mountsOf(work, instruction, step);
  const args = commandArgs(state, instruction.command);
  const visible = state.visibleArgs();
  const proxies = scope.args.proxies();
  const env = [
    ...state.config.env,
    ...visible.map(([name, value]) => `${name}=${value}`),
    ...[...proxies]
      .filter(([name]) => state.lookup(name) === undefined)
      .map(([name, value]) => `${name}=${value}`),
  ];
  const request: RunRequest = {
    onto: work.layers,
    args,
    env,
    user: state.config.user,
    workingDirectory: state.config.workingDir,
    mounts,
    network:
      instruction.network === 'default'
        ? scope.options.network
        : instruction.network === 'none'
          ? 'none'
          : 'host',
    insecure: instruction.security === 'insecure',
    epoch: scope.epoch,
    report,
  };
  const digests = await Promise.all(mounts.map((mount) => mountDigest(work, mount, report)));
  const key = runKey(request, new Set(proxies.keys()), digests);
  const prefix =
    visible.length === 0
      ? ''
      : `|${visible.length} ${visible.map(([name, value]) => `${name}=${value}`).join(' ')} `;
  const createdBy = `RUN ${prefix}${args.join(' ')}`;
  // What is mounted, and what differs from the usual, is not in those words.
  const isPlain = mounts.length === 0 && !request.insecure && request.network === 'default';
  const run = () => scope.worker.run(request);
  const told = isPlain ? createdBy : undefined;
  const outcome = await throughCache(work, key, instruction.text, run, told);
  return { ...outcome, createdBy };
}

async function mountsOf(
  work: StageWork,
  instruction: InstructionOf<'run'>,
  step: number,
): Promise<StepMount[]> {
  const mounts: StepMount[] = [];
  let agents = 0;
  for (const flag of instruction.mounts) {
    const where = {
      range: instruction.range,
      index: agents,
      from: (name: string) => namedSource(work, name, step),
    };
    if (flag.type === 'ssh') agents += 1;
    mounts.push(await mountRequest(work.state, flag, where));
  }
  return mounts;
}

/** What is in a cache or a secret is no part of the step's identity. */
function mountDigest(
  work: StageWork,
  mount: StepMount,
  report: StepReport,
): Promise<string> | string {
  const { from, type, source } = mount;
  if (from === undefined) return '';
  if (type === 'cache' || from.kind !== 'context') return sourceKey(from);
  return work.scope.worker.digest(from, source, { exclude: [], parents: false, report });
}
