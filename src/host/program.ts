/** Programs of the host that the engine asks for help, such as git. No shell is ever between. */

import { TiffinError } from '../base/errors.ts';

export interface ProgramOptions {
  env: Record<string, string>;
  signal: AbortSignal;
}

export interface ProgramResult {
  status: number;
  stdout: string;
  stderr: string;
}

const MAX_MESSAGE = 64 * 1024;

/** @throws TiffinError `no-such-program` when it is not installed. */
export async function runProgram(
  argv: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const child = start(argv, options);
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, stdout: stdout.slice(0, MAX_MESSAGE), stderr: stderr.slice(-MAX_MESSAGE) };
}

/** Its standard output; ends in an error with its words when it fails. */
export async function* streamProgram(
  argv: readonly string[],
  options: ProgramOptions,
): AsyncGenerator<Uint8Array> {
  const child = start(argv, options);
  const report = new Response(child.stderr).text();
  try {
    for await (const chunk of child.stdout) yield chunk;
    if ((await child.exited) === 0) return;
    const said = (await report).trim().slice(-500);
    throw new TiffinError('invalid', 'program-failed', `${argv[0] ?? ''}: ${said}`);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}

function start(argv: readonly string[], { env, signal }: ProgramOptions) {
  try {
    return Bun.spawn([...argv], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      env,
      signal,
      killSignal: 'SIGKILL',
    });
  } catch (cause) {
    const message = `the program ${argv[0] ?? ''} cannot be run on the engine's machine`;
    throw new TiffinError('unavailable', 'no-such-program', message, {
      hint: 'install it there',
      cause,
    });
  }
}
