/** What a build tells while it goes on. */

export interface StepName {
  /** Counts all instructions of the stages that are built, from 1. */
  order: number;
  total: number;
  /** Name of the stage, or `stage-1`; empty when there is only one. */
  stage: string;
  /** Among the stage's instructions that make files, FROM being the first; 0: a setting. */
  at: number;
  of: number;
  /** The instruction on one line. */
  text: string;
}

export type BuildEvent =
  | { kind: 'begin'; step: number; name: StepName }
  | { kind: 'output'; step: number; stream: 1 | 2; bytes: Uint8Array }
  /** The container of a RUN, by its id. */
  | { kind: 'container'; step: number; id: string }
  | { kind: 'status'; step: number; text: string }
  /** `id` names the state after the step; `error` says why there is none. */
  | { kind: 'end'; step: number; cached: boolean; id: string; error: string }
  | { kind: 'warning'; text: string };
