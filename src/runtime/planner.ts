/** The planner: a request in, the list of steps out. Pure: same input, same plan, no access to the machine. */

import type { Plan } from '../plan/ops.ts';
import type { ExecRequest, LaunchRequest } from './request.ts';

export type { ContainerProcess, ExecRequest, LaunchRequest, RootSource, UserRequest } from './request.ts';
