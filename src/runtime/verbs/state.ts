/** `state`: the state document of one container (runtime-spec runtime.md «State»). */

import type { OciContext } from '../context.ts';
import { noContainer, StateDirectory } from '../state-directory.ts';
import { inspectStatus, type Snapshot } from '../status.ts';

/** A container as every verb but create finds it. */
export interface Found {
  directory: StateDirectory;
  record: ReturnType<StateDirectory['record']>;
  snapshot: Snapshot;
}

export function find(id: string, context: OciContext): Found {
  const directory = new StateDirectory(context.root, id);
  if (!directory.exists()) throw noContainer(id);
  const record = directory.record();
  return { directory, record, snapshot: inspectStatus(directory, record) };
}

/** The document that hooks get and `state` prints. */
export function stateDocument({ directory, record, snapshot }: Found) {
  const { ociVersion, annotations } = directory.config();
  return {
    ociVersion,
    id: record.id,
    pid: snapshot.pid,
    status: snapshot.status,
    bundle: record.bundle,
    rootfs: record.rootfs,
    created: record.created,
    ...(annotations === undefined ? {} : { annotations }),
    owner: record.owner,
  };
}

export function state(id: string, context: OciContext): void {
  context.print(`${JSON.stringify(stateDocument(find(id, context)), null, 2)}\n`);
}
