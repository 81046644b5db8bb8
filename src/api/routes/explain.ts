/** Tiffin's own routes: what a launch consists of, and why. */

import type { Call } from '../call.ts';
import { parseContainerCreate } from '../parse/container.ts';
import { json, type Reply } from '../reply.ts';

export async function explainContainer({ engine, path }: Call): Promise<Reply> {
  return json({ Steps: await engine.containers.explain(path.get('id')) });
}

/** The body is that of a container create; nothing is created. */
export async function explainRun({ engine, body }: Call): Promise<Reply> {
  return json({
    Steps: await engine.containers.explainRun(parseContainerCreate(await body.json())),
  });
}
