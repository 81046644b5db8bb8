/** The step that loads the filter of system calls: runtime-spec config-linux.md «Seccomp». */

import { TiffinError } from '../base/errors.ts';
import type { Step } from '../plan/ops.ts';
import { compileSeccomp, nativeArchitecture } from '../seccomp/index.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';
import { inside } from './step.ts';

/** The container as its listener is told of it. */
export interface ListenerState {
  id: string;
  /** Absolute host directory; empty where there is none. */
  bundle: string;
  /** Of the container's first process, when the filter is for a further one. */
  containerPid?: number;
}

export function planSeccomp(spec: RuntimeSpec, state: ListenerState): Step[] {
  const profile = spec.linux?.seccomp;
  if (profile === undefined) return [];
  const architecture = nativeArchitecture();
  if (architecture === undefined) {
    throw new TiffinError(
      'unsupported',
      'seccomp-architecture',
      'linux.seccomp: filters can be made for x86-64 and arm64 only',
    );
  }
  const { filter, flags, notifies } = compileSeccomp(profile, architecture);
  return [
    inside(
      {
        op: 'seccomp',
        flags,
        filter,
        // A path without a rule that notifies is no reason to look for somebody there.
        listener: notifies ? (profile.listenerPath ?? '') : '',
        state: notifies ? processState(spec, state, profile.listenerMetadata) : [],
      },
      'system calls that no container needs are refused',
    ),
  ];
}

/** The container process state document in parts: between them comes the pid, which only the shim knows. */
function processState(
  spec: RuntimeSpec,
  { id, bundle, containerPid }: ListenerState,
  metadata = '',
): string[] {
  const { ociVersion, annotations = {} } = spec;
  const status = containerPid === undefined ? 'creating' : 'running';
  const outer = JSON.stringify({ ociVersion, fds: ['seccompFd'], metadata });
  const inner = JSON.stringify({ ociVersion, id, status });
  const rest = `,${JSON.stringify({ bundle, annotations }).slice(1)}}`;
  const start = `${outer.slice(0, -1)},"pid":`;
  const state = `,"state":${inner.slice(0, -1)},"pid":`;
  return containerPid === undefined
    ? [start, state, rest]
    : [start, `${state}${containerPid}${rest}`];
}
