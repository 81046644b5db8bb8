/** One stage: its base, then its instructions one after the other. */

import { posix } from 'node:path';
import { errorMessage, TiffinError } from '../base/errors.ts';
import type { BuildStep } from '../spec/image-config.ts';
import { layersKey, stepKey } from './cache-key.ts';
import { copyStep } from './copy-step.ts';
import { expandArgs } from './declare.ts';
import { DockerfileError } from './dockerfile-error.ts';
import type { StepName } from './events.ts';
import { findStage, makesFiles, sourcesOf } from './graph.ts';
import type { Instruction, InstructionOf, Stage } from './instruction.ts';
import { parseTriggers } from './parse.ts';
import { runStep } from './run-step.ts';
import { applySetting } from './settings.ts';
import { asImage, type BuildScope, reportOf, type StageResult } from './solver.ts';
import { StageState } from './stage-state.ts';
import type { BaseImage, BuildLayer, Layers, Source } from './worker.ts';

/** What happened in a step that makes files. */
export interface StepOutcome {
  layer: BuildLayer | undefined;
  createdMs: number;
  cached: boolean;
  /** What the history says. */
  createdBy: string;
}

/** A stage while it is built. */
export interface StageWork {
  scope: BuildScope;
  stage: Stage;
  state: StageState;
  layers: Layers;
  /** What a later build may take over. */
  steps: BuildStep[];
  /** RFC 3339, of the latest files. */
  created: string;
  /** This stage's steps are not looked up. */
  fresh: boolean;
}

export async function buildStage(scope: BuildScope, stage: Stage): Promise<StageResult> {
  const base = await begin(scope, stage);
  const { platform } = scope.options;
  const state = new StageState(
    base?.config,
    base === undefined ? platform : platformOf(base),
    scope.dockerfile.escaper,
  );
  const work: StageWork = {
    scope,
    stage,
    state,
    layers: base?.layers ?? [],
    steps: [...(base?.config.buildSteps ?? [])],
    created: base?.config.created ?? timeText(scope, Date.now()),
    fresh: scope.options.noCache || isFiltered(scope, stage),
  };
  const triggers = parseTriggers(base?.config.config.onBuild ?? []);
  const counter = new StepCounter(work, triggers);
  for (const trigger of triggers) await perform(work, trigger, counter.next(trigger, true));
  for (const instruction of stage.instructions) {
    await perform(work, instruction, counter.next(instruction, false));
  }
  return {
    layers: work.layers,
    config: state.config,
    history: state.history,
    steps: work.steps,
    author: state.author,
    platform: state.platform,
    created: work.created,
    docker: base?.docker ?? false,
  };
}

/** The source that a word after `--from=` or `from=` names. */
export async function namedSource(work: StageWork, word: string, step: number): Promise<Source> {
  const { scope, stage } = work;
  const other = findStage(scope.dockerfile, word, stage.index);
  if (other !== undefined) return { kind: 'layers', layers: (await scope.result(other)).layers };
  if (word.toLowerCase() === stage.name || word === String(stage.index)) {
    throw new DockerfileError(`invalid from flag value ${word}: refers to current build stage`);
  }
  const { layers } = await scope.image(word, stage, step);
  return { kind: 'layers', layers };
}

/** Recalled, or done and remembered. `createdBy`: as in `StepIdentity`. */
export async function throughCache(
  work: StageWork,
  key: string,
  description: string,
  body: () => Promise<BuildLayer | undefined>,
  createdBy?: string,
): Promise<Omit<StepOutcome, 'createdBy'>> {
  const outcome = await recalledOrDone(work, key, description, body, createdBy);
  work.steps.push({
    key,
    below: work.layers.length,
    emptyLayer: outcome.layer === undefined,
    created: timeText(work.scope, outcome.createdMs),
  });
  return outcome;
}

async function recalledOrDone(
  work: StageWork,
  key: string,
  description: string,
  body: () => Promise<BuildLayer | undefined>,
  createdBy: string | undefined,
): Promise<Omit<StepOutcome, 'createdBy'>> {
  const { worker, signal } = work.scope;
  const { layers, state } = work;
  const said = createdBy === undefined ? undefined : historyText(createdBy);
  const step = { key, layers, history: state.history, createdBy: said };
  const known = work.fresh ? undefined : worker.recall(step);
  if (known !== undefined) return { ...known, cached: true };
  signal.throwIfAborted();
  const layer = await body();
  const createdMs = Date.now();
  worker.remember(key, layer, createdMs, description);
  return { layer, createdMs, cached: false };
}

/** The base image; undefined: scratch. */
async function begin(scope: BuildScope, stage: Stage): Promise<BaseImage | undefined> {
  const word = scope.base(stage);
  if (word === '') {
    const message = `base name (${stage.base}) should not be blank`;
    throw new DockerfileError(message, stage.range);
  }
  const other = findStage(scope.dockerfile, word, stage.index);
  // Waited for ahead of the step, which itself takes no time then.
  const result = other === undefined ? undefined : await scope.result(other);
  return inStep(scope, stage, fromName(scope, stage), async (step) => {
    if (result !== undefined) {
      const image = {
        config: asImage(result),
        layers: result.layers,
        name: word,
        docker: result.docker,
      };
      return { value: image, cached: false, id: layersKey(result.layers) };
    }
    if (word === 'scratch') return { value: undefined, cached: false, id: layersKey([]) };
    const image = await scope.image(word, stage, step);
    // What somebody else wrote down of their steps is not handed on as this build's.
    const config = { ...image.config, buildSteps: [] };
    return { value: { ...image, config }, cached: true, id: layersKey(image.layers) };
  });
}

async function perform(work: StageWork, instruction: Instruction, name: StepName): Promise<void> {
  const { scope, state } = work;
  // Ahead of the step, which itself takes no time while other stages are built.
  for (const stage of sourceStages(scope, work.stage, instruction)) await scope.result(stage);
  await inStep(scope, instruction, name, async (step) => {
    scope.signal.throwIfAborted();
    let cached = false;
    if (instruction.kind === 'arg') {
      const createdBy = expandArgs(work, instruction);
      addHistory(work, createdBy, true);
    } else if (makesFiles(instruction)) {
      const outcome = await makeFiles(work, instruction, step);
      cached = outcome.cached;
      if (outcome.layer !== undefined) work.layers = [...work.layers, outcome.layer];
      work.created = timeText(scope, outcome.createdMs);
      addHistory(work, outcome.createdBy, outcome.layer === undefined);
    } else {
      addHistory(work, applySetting(state, instruction) ?? instruction.text, true);
    }
    return { value: undefined, cached, id: stepKey(layersKey(work.layers), state.config) };
  });
}

function sourceStages(scope: BuildScope, stage: Stage, instruction: Instruction): Stage[] {
  const words = sourcesOf(instruction);
  return words.flatMap((word) => findStage(scope.dockerfile, word, stage.index) ?? []);
}

function makeFiles(work: StageWork, instruction: Instruction, step: number): Promise<StepOutcome> {
  const report = reportOf(work.scope.options, work.scope.signal, step);
  switch (instruction.kind) {
    case 'run':
      return runStep(work, instruction, { step, report });
    case 'copy':
    case 'add':
      return copyStep(work, instruction, { step, report });
    case 'workdir':
      return changeDirectory(work, instruction);
    default:
      throw new Error(`${instruction.kind} makes no files`);
  }
}

async function changeDirectory(
  work: StageWork,
  instruction: InstructionOf<'workdir'>,
): Promise<StepOutcome> {
  const { state, scope } = work;
  const value = state.expand(instruction.value);
  if (value === '' || value.includes('\0')) {
    throw new DockerfileError('WORKDIR: the value is empty', instruction.range);
  }
  const path = posix.resolve('/', state.config.workingDir || '/', value);
  state.config.workingDir = path;
  const createdBy = `WORKDIR ${path}`;
  const key = stepKey('directory', layersKey(work.layers), path, scope.epoch);
  const outcome = await throughCache(
    work,
    key,
    createdBy,
    () => scope.worker.makeDirectory(work.layers, path, scope.epoch),
    createdBy,
  );
  return { ...outcome, createdBy };
}

function addHistory(work: StageWork, createdBy: string, emptyLayer: boolean): void {
  work.state.history.push({
    created: work.created,
    createdBy: historyText(createdBy),
    author: work.state.author,
    comment: 'buildkit.dockerfile.v0',
    emptyLayer,
  });
}

/** As BuildKit writes it. */
function historyText(createdBy: string): string {
  return `${createdBy} # buildkit`;
}

/** Tells of the step's begin and end; a failure gets the line. */
async function inStep<T>(
  scope: BuildScope,
  { range }: Pick<Instruction, 'range'>,
  name: StepName,
  body: (step: number) => Promise<{ value: T; cached: boolean; id: string }>,
): Promise<T> {
  const { emit } = scope.options;
  const step = scope.nextStep();
  void emit({ kind: 'begin', step, name });
  try {
    const { value, cached, id } = await body(step);
    void emit({ kind: 'end', step, cached, id, error: '' });
    return value;
  } catch (error) {
    void emit({ kind: 'end', step, cached: false, id: '', error: errorMessage(error) });
    throw located(error, range);
  }
}

/** The first lines count: a stage that waited for another one fails with its error. */
function located(error: unknown, range: Instruction['range']): unknown {
  if (error instanceof TiffinError && !linesOf.has(error)) linesOf.set(error, range);
  return error;
}

/** Where the steps of failures stand that are not the Dockerfile's own fault. */
const linesOf = new WeakMap<object, Instruction['range']>();

export function failedLines(error: unknown): Instruction['range'] | undefined {
  if (error instanceof DockerfileError && error.range !== undefined) return error.range;
  return typeof error === 'object' && error !== null ? linesOf.get(error) : undefined;
}

/** Numbers the instructions of a stage as they come. */
class StepCounter {
  readonly #work: StageWork;
  readonly #of: number;
  #at = 1;
  #order: number;

  constructor(work: StageWork, triggers: readonly Instruction[]) {
    this.#work = work;
    this.#order = work.scope.orderOf.get(work.stage) ?? 1;
    this.#of = 1 + [...triggers, ...work.stage.instructions].filter(makesFiles).length;
  }

  next(instruction: Instruction, isTrigger: boolean): StepName {
    const counts = makesFiles(instruction);
    if (counts) this.#at += 1;
    if (!isTrigger) this.#order += 1;
    const { scope, stage } = this.#work;
    return {
      order: isTrigger ? 0 : this.#order,
      total: scope.total,
      stage: stageLabel(scope, stage),
      at: counts ? this.#at : 0,
      of: this.#of,
      text: instruction.text,
    };
  }
}

function fromName(scope: BuildScope, stage: Stage): StepName {
  return {
    order: scope.orderOf.get(stage) ?? 1,
    total: scope.total,
    stage: stageLabel(scope, stage),
    at: 1,
    of: 1 + stage.instructions.filter(makesFiles).length,
    text: stage.text,
  };
}

function stageLabel(scope: BuildScope, stage: Stage): string {
  if (stage.name !== '') return stage.name;
  return scope.severalStages ? `stage-${stage.index}` : '';
}

function isFiltered({ options }: BuildScope, stage: Stage): boolean {
  return options.noCacheFilter.some(
    (word) => word.toLowerCase() === stage.name || word === String(stage.index),
  );
}

function platformOf({ config }: BaseImage): StageResult['platform'] {
  const { architecture, os, variant } = config;
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

function timeText({ epoch }: BuildScope, ms: number): string {
  const text = new Date(epoch === undefined ? ms : epoch * 1000).toISOString();
  return text.replace('.000Z', 'Z');
}
