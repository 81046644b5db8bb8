/** How the planner writes steps down: `inside({ op: 'pivot' }, 'why')`. */

import type { Op, Stage, Step } from '../plan/ops.ts';

type Write = (op: Op, why: string) => Step;

const stage =
  (name: Stage): Write =>
  (op, why) => ({ stage: name, op, why });

export const host = stage('host');
export const enter = stage('enter');
export const beside = stage('beside');
export const inside = stage('inside');
export const running = stage('running');
export const teardown = stage('teardown');
