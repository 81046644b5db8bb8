/** Which stages a build needs: the target, and what it copies or mounts from. The others do not run. */

import { DockerfileError } from './dockerfile-error.ts';
import type { Dockerfile, Instruction, Stage } from './instruction.ts';

/** A stage before `below` by name or number; undefined: the word names an image. */
export function findStage(dockerfile: Dockerfile, word: string, below: number): Stage | undefined {
  const lower = word.toLowerCase();
  const earlier = dockerfile.stages.slice(0, below);
  const named = earlier.findLast(({ name }) => name !== '' && name === lower);
  if (named !== undefined) return named;
  return /^[0-9]{1,4}$/.test(word) ? earlier[Number(word)] : undefined;
}

/** The last stage, or the one that is asked for. Throws `DockerfileError` when there is none. */
export function targetStage(dockerfile: Dockerfile, target: string): Stage {
  const { stages } = dockerfile;
  const found = target === '' ? stages.at(-1) : findStage(dockerfile, target, stages.length);
  if (found !== undefined) return found;
  const names = stages.map(({ name, index }) => name || String(index)).join(', ');
  throw new DockerfileError(
    `target stage ${JSON.stringify(target.slice(0, 128))} could not be found`,
    undefined,
    `the stages are ${names}`,
  );
}

/** In the order of the file; `baseOf` gives a stage's FROM with its variables filled in. */
export function neededStages(
  dockerfile: Dockerfile,
  target: Stage,
  baseOf: (stage: Stage) => string,
): Stage[] {
  const needed = new Set<Stage>();
  const add = (stage: Stage): void => {
    if (needed.has(stage)) return;
    needed.add(stage);
    const words = [baseOf(stage), ...stage.instructions.flatMap(sourcesOf)];
    for (const word of words) {
      const other = findStage(dockerfile, word, stage.index);
      if (other !== undefined) add(other);
    }
  };
  add(target);
  return [...needed].toSorted((a, b) => a.index - b.index);
}

/** The words after `--from=` and `from=`. */
export function sourcesOf(instruction: Instruction): string[] {
  if (instruction.kind === 'copy' || instruction.kind === 'add') {
    return instruction.flags.from === undefined ? [] : [instruction.flags.from];
  }
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.flatMap(({ options }) => options.get('from') ?? []);
}

/** Whether it makes or copies files, and so counts in a stage's progress. */
export function makesFiles(instruction: Instruction): boolean {
  return ['run', 'copy', 'add', 'workdir'].includes(instruction.kind);
}
