/** Running a program for a measurement: output is dropped, a failure is an error with what it printed. */

import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';

export interface CommandOptions {
  env?: Record<string, string>;
  input?: string | Uint8Array;
  /** Exit codes that count as success. */
  accept?: readonly number[];
  /** A container is left running that would keep the output's pipes open: output goes nowhere. */
  leavesRunning?: boolean;
}

/** Runs to the end and returns standard output. */
export function run(argv: readonly string[], options: CommandOptions = {}): string {
  const [program = '', ...args] = argv;
  const result = spawnSync(program, args, {
    env: { ...process.env, ...options.env },
    input: options.input ?? '',
    maxBuffer: 64 * 1024 * 1024,
    ...(options.leavesRunning === true ? { stdio: 'ignore' } : {}),
  });
  const status = result.status ?? 128;
  if (!(options.accept ?? [0]).includes(status)) {
    const said = result.stderr?.toString().trim().split('\n').at(-1) ?? '';
    throw new Error(
      `${argv.slice(0, 4).join(' ')}: exit ${status}: ${said || result.error?.message}`,
    );
  }
  return result.stdout?.toString() ?? '';
}

/** The same without blocking, for units of work that run side by side. */
export function runAsync(argv: readonly string[], options: CommandOptions = {}): Promise<void> {
  const [program = '', ...args] = argv;
  const settings: SpawnOptions = {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  };
  const child = spawn(program, args, settings);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      status === 0
        ? resolve()
        : reject(new Error(`${argv.slice(0, 4).join(' ')}: exit ${status}: ${said.trim()}`)),
    );
  });
}
