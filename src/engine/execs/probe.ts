/** Runs a program in a container, collects the start of what it prints, and ends it when its time is over. */

import { errorMessage } from '../../base/errors.ts';
import type { HealthcheckResult } from '../../spec/docker.ts';
import type { Container } from '../containers/container.ts';
import type { Parts } from '../parts.ts';
import { formatTime, nowNs } from '../time.ts';
import type { Exec } from './exec.ts';
import { plainRequest } from './plain-request.ts';
import { createExec, startExec } from './start.ts';

const MAX_OUTPUT = 4096;
const SIGKILL = 9;
/** Docker's for a check that took too long or could not run. */
const FAILED = -1;

export interface ProbeOptions {
  command: string[];
  timeoutMs: number;
  signal: AbortSignal;
}

/** Never throws: what goes wrong is a failed check. */
export async function runProbe(
  parts: Parts,
  container: Container,
  options: ProbeOptions,
): Promise<HealthcheckResult> {
  const startNs = nowNs();
  const result = (exitCode: number, output: string): HealthcheckResult => ({
    Start: formatTime(startNs),
    End: formatTime(nowNs()),
    ExitCode: exitCode,
    Output: output,
  });
  try {
    const exec = createExec(parts, container.id, plainRequest(options.command));
    const { output, timedOut } = await collect(parts, exec, options);
    if (!timedOut) return result(exec.exitCode ?? FAILED, output);
    return result(FAILED, `Health check exceeded timeout (${options.timeoutMs}ms): ${output}`);
  } catch (error) {
    return result(FAILED, errorMessage(error));
  }
}

async function collect(
  parts: Parts,
  exec: Exec,
  options: ProbeOptions,
): Promise<{ output: string; timedOut: boolean }> {
  const session = await startExec(parts, exec, { detach: false, size: undefined });
  const { monitor } = exec;
  let timedOut = false;
  const kill = (): void => {
    // Its connection may be ending at this very moment, and so is the program.
    monitor?.signal(SIGKILL).catch(() => undefined);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, options.timeoutMs);
  options.signal.addEventListener('abort', kill, { once: true });
  try {
    const pieces: Uint8Array[] = [];
    let room = MAX_OUTPUT;
    for await (const { bytes } of session?.output ?? []) {
      pieces.push(bytes.slice(0, room));
      room = Math.max(room - bytes.length, 0);
    }
    await monitor?.exited;
    return { output: new TextDecoder().decode(Buffer.concat(pieces)), timedOut };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', kill);
  }
}
