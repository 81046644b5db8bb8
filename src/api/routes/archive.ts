/** Copying into and out of a container. */

import type { PathStat } from '../../engine/contract.ts';
import type { Call } from '../call.ts';
import type { Reply } from '../reply.ts';
import { started } from '../stream/started.ts';

export async function statPath({ engine, path, query }: Call): Promise<Reply> {
  const stat = await engine.containers.pathStat(path.get('id'), query.required('path'));
  return { kind: 'empty', status: 200, headers: statHeader(stat) };
}

export async function copyOut({ engine, path, query }: Call): Promise<Reply> {
  const found = await engine.containers.copyOut(path.get('id'), query.required('path'));
  const chunks = await started(found.archive);
  return {
    kind: 'stream',
    contentType: 'application/x-tar',
    chunks,
    headers: statHeader(found.stat),
  };
}

export async function copyIn({ engine, path, query, body }: Call): Promise<Reply> {
  await engine.containers.copyIn(path.get('id'), query.required('path'), body.stream(), {
    noOverwriteDirNonDir: query.flag('noOverwriteDirNonDir'),
    copyUidGid: query.flag('copyUIDGID'),
  });
  return { kind: 'empty', status: 200 };
}

function statHeader(stat: PathStat): Record<string, string> {
  const text = Buffer.from(JSON.stringify(stat)).toString('base64');
  return { 'X-Docker-Container-Path-Stat': text };
}
