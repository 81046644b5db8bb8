/** An engine that makes, starts, kills and removes containers until it is killed: `bun churn.ts DIRECTORY`. */

import { openEngine } from '../index.ts';
import { createRequest } from './create-request.ts';
import { rootsIn } from './test-engine.ts';

const WORKERS = 4;
const never = new AbortController().signal;

const [directory = ''] = process.argv.slice(2);
const { containers } = await openEngine(rootsIn(directory));
console.log('open');

async function churn(): Promise<never> {
  for (;;) {
    const request = createRequest(
      { Cmd: ['sleep', '1000'], Labels: { churn: '' } },
      { NetworkMode: 'bridge' },
    );
    const { Id } = await containers.create(request, undefined, undefined);
    const exit = containers.wait(Id, 'next-exit', never);
    await containers.start(Id);
    await containers.kill(Id, 'SIGKILL');
    await exit;
    await containers.remove(Id, { force: false, volumes: true });
  }
}

await Promise.all(Array.from({ length: WORKERS }, churn));
