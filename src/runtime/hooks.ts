/** The six hooks, each in its process and namespace: runtime-spec config.md «POSIX-platform Hooks». */

import type { OpOf, Step } from '../plan/ops.ts';
import type { Hook, HookPoint, RuntimeSpec } from '../spec/runtime/index.ts';
import { beside, inside, running, teardown } from './step.ts';
import { TOKENS } from './tokens.ts';

/**
 * The container's status at each point. runtime.md «State» has `creating` for step 2 of the lifecycle and `created` for
 * what follows it, and the first hooks are step 3: an environment that is there, and no program yet.
 */
const STATUS: Readonly<Record<HookPoint, string>> = {
  prestart: 'created',
  createRuntime: 'created',
  createContainer: 'created',
  startContainer: 'created',
  poststart: 'running',
  poststop: 'stopped',
};

export interface HookSteps {
  /** In the runtime's namespaces, once the mounts are in place. */
  beside: Step[];
  /** Right before pivot: waits for those, then runs `createContainer`, whose programs are still found on the host. */
  beforePivot: Step[];
  /** After the start was asked for, inside. */
  startContainer: Step[];
  poststart: Step[];
  poststop: Step[];
}

export function planHooks(spec: RuntimeSpec, id: string, bundle: string): HookSteps {
  const ops = (point: HookPoint) =>
    (spec.hooks?.[point] ?? []).map((hook) => hookOp(hook, point, spec, id, bundle));
  const early = [
    ...ops('prestart').map((op) => beside(op, 'prestart hook of the configuration')),
    ...ops('createRuntime').map((op) => beside(op, 'createRuntime hook of the configuration')),
  ];
  const synchronised = early.length > 0;
  return {
    beside: synchronised
      ? [
          beside({ op: 'await', token: TOKENS.mounted }, 'hooks may look at the finished mounts'),
          ...early,
          beside({ op: 'notify', token: TOKENS.hooked }, 'the hooks of the runtime have run'),
        ]
      : [],
    beforePivot: [
      ...(synchronised
        ? [
            inside({ op: 'notify', token: TOKENS.mounted }, 'mounts are in place'),
            inside({ op: 'await', token: TOKENS.hooked }, 'what the hooks set up is needed below'),
          ]
        : []),
      ...ops('createContainer').map((op) =>
        inside(op, 'createContainer hook of the configuration'),
      ),
    ],
    startContainer: ops('startContainer').map((op) =>
      inside(op, 'startContainer hook of the configuration'),
    ),
    poststart: ops('poststart').map((op) => running(op, 'poststart hook of the configuration')),
    poststop: ops('poststop').map((op) => teardown(op, 'poststop hook of the configuration')),
  };
}

function hookOp(
  hook: Hook,
  point: HookPoint,
  spec: RuntimeSpec,
  id: string,
  bundle: string,
): OpOf<'hook'> {
  // The shim puts the pid between the two halves: only it knows it.
  const before = JSON.stringify({ ociVersion: spec.ociVersion, id, status: STATUS[point] });
  const after = JSON.stringify({ bundle, annotations: spec.annotations ?? {} });
  return {
    op: 'hook',
    path: hook.path,
    args: hook.args ?? [hook.path],
    env: hook.env ?? [],
    timeoutMs: Math.min((hook.timeout ?? 0) * 1000, 0xffffffff),
    stateHead: `${before.slice(0, -1)},"pid":`,
    stateTail: `,${after.slice(1)}`,
  };
}
