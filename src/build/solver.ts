/** Builds the stages that the target needs, side by side where they do not need each other. */

import { TiffinError } from '../base/errors.ts';
import type { Platform } from '../spec/content.ts';
import type { BuildStep, HistoryEntry, ImageConfig, ImageDefaults } from '../spec/image-config.ts';
import { parsePlatform } from '../spec/platform.ts';
import { BuildArguments } from './arguments.ts';
import { DockerfileError } from './dockerfile-error.ts';
import type { BuildEvent } from './events.ts';
import { neededStages, targetStage } from './graph.ts';
import type { Dockerfile, Stage } from './instruction.ts';
import { buildStage } from './stage.ts';
import { expandWord } from './words.ts';
import type { BaseImage, BuildWorker, Layers, StepReport } from './worker.ts';

export interface SolveOptions {
  target: string;
  buildArgs: ReadonlyMap<string, string>;
  labels: ReadonlyMap<string, string>;
  platform: Platform;
  buildPlatform: Platform;
  network: 'default' | 'none' | 'host';
  noCache: boolean;
  /** Stages whose steps run again. */
  noCacheFilter: readonly string[];
  pull: boolean;
  signal: AbortSignal;
  /** Resolves when more may follow; only who sends much waits. */
  emit: (event: BuildEvent) => Promise<void>;
}

/** A stage that was built. */
export interface StageResult {
  layers: Layers;
  config: ImageDefaults;
  history: readonly HistoryEntry[];
  /** Of this stage and those below it. */
  steps: readonly BuildStep[];
  author: string;
  platform: Platform;
  /** RFC 3339. */
  created: string;
  docker: boolean;
}

/** What the stages of one build share. */
export interface BuildScope {
  dockerfile: Dockerfile;
  options: SolveOptions;
  worker: BuildWorker;
  args: BuildArguments;
  globals: ReadonlyMap<string, string>;
  epoch: number | undefined;
  /** Of the instructions of all stages that are built. */
  total: number;
  /** Order of a stage's FROM. */
  orderOf: ReadonlyMap<Stage, number>;
  severalStages: boolean;
  nextStep(): number;
  base(stage: Stage): string;
  result(stage: Stage): Promise<StageResult>;
  image(reference: string, stage: Stage, step: number): Promise<BaseImage>;
  /** Aborted by the client, or because another stage failed. */
  signal: AbortSignal;
}

/** Throws the first failure, once nothing of the build runs any more. */
export async function solve(
  dockerfile: Dockerfile,
  worker: BuildWorker,
  options: SolveOptions,
): Promise<StageResult> {
  const target = targetStage(dockerfile, options.target);
  const stop = new AbortController();
  const scope = openScope(dockerfile, worker, options, target, stop);
  for (const text of dockerfile.warnings) void options.emit({ kind: 'warning', text });
  const stages = [...scope.orderOf.keys()];
  let failure: { error: unknown } | undefined;
  await Promise.all(
    stages.map((stage) =>
      scope.result(stage).catch((error: unknown) => {
        failure ??= { error };
        stop.abort();
      }),
    ),
  );
  if (failure !== undefined) throw failure.error;
  warnUnused(scope);
  const result = await scope.result(target);
  const labels = Object.assign(Object.create(null), result.config.labels);
  for (const [key, value] of options.labels) labels[key] = value;
  return { ...result, config: { ...result.config, labels } };
}

function openScope(
  dockerfile: Dockerfile,
  worker: BuildWorker,
  options: SolveOptions,
  target: Stage,
  stop: AbortController,
): BuildScope {
  const platforms = { build: options.buildPlatform, target: options.platform };
  const args = new BuildArguments(options.buildArgs, platforms, options.target);
  const globals = args.globals(dockerfile.globals, dockerfile.escaper);
  const lookup = (name: string) => globals.get(name) ?? args.automatic(name);
  const base = (stage: Stage) =>
    at(stage, () => expandWord(stage.base, { escaper: dockerfile.escaper, lookup }));
  const stages = neededStages(dockerfile, target, base);
  const results = new Map<Stage, Promise<StageResult>>();
  let steps = 0;
  const scope: BuildScope = {
    dockerfile,
    options,
    worker,
    args,
    globals,
    epoch: args.epoch(),
    ...numbering(stages),
    severalStages: dockerfile.stages.length > 1,
    nextStep: () => {
      steps += 1;
      return steps;
    },
    base,
    result: (stage) => {
      const known = results.get(stage);
      if (known !== undefined) return known;
      const building = buildStage(scope, stage);
      results.set(stage, building);
      return building;
    },
    image: (reference, stage, step) =>
      loadImage(scope, reference, stagePlatform(scope, stage, lookup), step),
    signal: AbortSignal.any([options.signal, stop.signal]),
  };
  return scope;
}

function numbering(stages: readonly Stage[]): Pick<BuildScope, 'total' | 'orderOf'> {
  const orderOf = new Map<Stage, number>();
  let total = 0;
  for (const stage of stages) {
    orderOf.set(stage, total + 1);
    total += 1 + stage.instructions.length;
  }
  return { total, orderOf };
}

function stagePlatform(
  { options, dockerfile }: BuildScope,
  stage: Stage,
  lookup: (name: string) => string | undefined,
): Platform {
  if (stage.platform === undefined) return options.platform;
  const text = at(stage, () =>
    expandWord(stage.platform ?? '', { escaper: dockerfile.escaper, lookup }),
  );
  return text === '' ? options.platform : at(stage, () => parsePlatform(text));
}

function loadImage(
  { worker, options, signal }: BuildScope,
  reference: string,
  platform: Platform,
  step: number,
): Promise<BaseImage> {
  return worker.image(reference, {
    platform,
    pull: options.pull,
    report: reportOf(options, signal, step),
  });
}

/** What a step tells goes out with its number. */
export function reportOf(
  { emit }: Pick<SolveOptions, 'emit'>,
  signal: AbortSignal,
  step: number,
): StepReport {
  return {
    output: (stream, bytes) => emit({ kind: 'output', step, stream, bytes }),
    container: (id) => void emit({ kind: 'container', step, id }),
    status: (text) => void emit({ kind: 'status', step, text }),
    signal,
  };
}

/** A failure gets the line of the FROM. */
function at<T>(stage: Stage, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof TiffinError)) throw error;
    if (error instanceof DockerfileError && error.range !== undefined) throw error;
    throw new DockerfileError(error.message, stage.range, error.hint);
  }
}

function warnUnused({ args, options }: BuildScope): void {
  const unused = args.unused();
  if (unused.length === 0) return;
  const text = `One or more build-args [${unused.join(' ')}] were not consumed`;
  void options.emit({ kind: 'warning', text });
}

/** The configuration that a stage starts from. */
export function asImage(result: StageResult): ImageConfig {
  return {
    architecture: result.platform.architecture,
    os: result.platform.os,
    variant: result.platform.variant,
    osVersion: undefined,
    created: result.created,
    author: result.author,
    comment: '',
    dockerVersion: '',
    config: result.config,
    diffIds: result.layers.map(({ diffId }) => diffId),
    history: [...result.history],
    buildSteps: [...result.steps],
  };
}
