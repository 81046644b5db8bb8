/** An explained launch as text: a heading per stage, a line per step, its reason and its manual page below. */

/** As the engine's `explain` answers; see `ExplainedStep` of the engine's contract. */
export interface ExplainedStep {
  stage: string;
  op: string;
  text: string;
  why: string;
  man: string;
  /** Nanoseconds; absent when the step did not run. */
  ns?: number;
  /** errno name of the step that failed. */
  failed?: string;
}

const STAGES: Readonly<Record<string, string>> = {
  host: 'on the host, before the container exists',
  enter: 'entering the namespaces of the container',
  beside: 'beside the container: the parent, while the child waits',
  inside: 'inside the container, as its first process',
  teardown: 'when the container ends',
};

/** Ids and digests in what a step says: twelve digits tell them apart, and the line fits a screen. */
const LONG_ID = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g;

export function renderSteps(steps: readonly ExplainedStep[]): string {
  const lines: string[] = [];
  let stage = '';
  for (const [index, step] of steps.entries()) {
    if (step.stage !== stage) {
      stage = step.stage;
      const words = STAGES[stage];
      if (lines.length > 0) lines.push('');
      lines.push(`${stage}${words === undefined ? '' : `: ${words}`}`);
    }
    lines.push(...stepLines(step, index + 1, String(steps.length).length));
  }
  const total = steps.reduce((sum, step) => sum + (step.ns ?? 0), 0);
  const timed = steps.some((step) => step.ns !== undefined);
  lines.push(
    '',
    `${steps.length} steps${timed ? `, ${microseconds(total)} in all` : ', nothing was started'}`,
  );
  return `${lines.join('\n')}\n`;
}

function stepLines(step: ExplainedStep, number: number, digits: number): string[] {
  const time = step.ns === undefined ? '' : `  [${microseconds(step.ns)}]`;
  const failed = step.failed === undefined ? '' : `  FAILED: ${step.failed}`;
  const indent = ' '.repeat(digits + 4);
  const notes = [step.why, step.man === '' ? '' : `(${step.man})`].filter((note) => note !== '');
  const head = `  ${String(number).padStart(digits)}  ${step.text}${time}${failed}`;
  const lines = notes.length === 0 ? [head] : [head, `${indent}  ${notes.join(' ')}`];
  return lines.map((line) => line.replace(LONG_ID, '$1'));
}

function microseconds(ns: number): string {
  return ns >= 1e6 ? `${(ns / 1e6).toFixed(2)} ms` : `${(ns / 1e3).toFixed(1)} us`;
}
