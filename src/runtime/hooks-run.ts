/** Hooks that run after the launch is over: `poststart` of start, `poststop` of delete. */

import { errorMessage, TiffinError } from '../base/errors.ts';
import type { HookPoint, RuntimeSpec } from '../spec/runtime/index.ts';

/**
 * Hooks in their order, each with the state document on its standard input; returns what failed. A failed poststart hook
 * is the last, as the container is stopped for it; a failed poststop hook keeps none of the others from its work.
 */
export function runHooks(spec: RuntimeSpec, point: HookPoint, state: object): TiffinError[] {
  const failures: TiffinError[] = [];
  const input = Buffer.from(JSON.stringify(state));
  for (const hook of spec.hooks?.[point] ?? []) {
    if (point === 'poststart' && failures.length > 0) break;
    const [name = hook.path, ...rest] = hook.args ?? [];
    try {
      const result = Bun.spawnSync({
        cmd: [hook.path, ...rest],
        argv0: name,
        env: environmentOf(hook.env ?? []),
        stdin: input,
        stdout: 'ignore',
        stderr: 'pipe',
        ...(hook.timeout === undefined
          ? {}
          : { timeout: hook.timeout * 1000, killSignal: 'SIGKILL' }),
      });
      if (result.exitCode === 0) continue;
      const said = result.stderr.toString().trim().slice(-256);
      failures.push(
        failed(point, hook.path, `exit status ${result.exitCode ?? 'unknown'}: ${said}`),
      );
    } catch (error) {
      failures.push(failed(point, hook.path, errorMessage(error)));
    }
  }
  return failures;
}

function failed(point: HookPoint, path: string, reason: string): TiffinError {
  return new TiffinError(
    'unavailable',
    'hook-failed',
    `error running ${point} hook ${path}: ${reason}`,
  );
}

function environmentOf(entries: readonly string[]): Record<string, string> {
  const environment: Record<string, string> = Object.create(null);
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    environment[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return environment;
}
