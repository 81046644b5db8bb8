/** Programs that keep credentials: `docker-credential-<name>` with a verb, the operand on standard input, JSON on standard output. */

import { CliError } from '../command.ts';

export interface StoredCredentials {
  username: string;
  secret: string;
}

/** Of the helper's protocol: the secret is a refresh token, and there is no user name. */
export const TOKEN_USER = '<token>';
const LIMIT_MS = 60_000;

/** Undefined: the helper has none. */
export async function helperGet(
  helper: string,
  server: string,
): Promise<StoredCredentials | undefined> {
  const { status, output } = await runHelper(helper, 'get', server);
  if (status !== 0) {
    if (output.includes('credentials not found')) return undefined;
    throw new CliError(`docker-credential-${helper}: ${output.trim() || `status ${status}`}`);
  }
  try {
    const parsed: unknown = JSON.parse(output);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const username = 'Username' in parsed ? String(parsed.Username) : '';
    const secret = 'Secret' in parsed ? String(parsed.Secret) : '';
    return username === '' ? undefined : { username, secret };
  } catch {
    // Not to be shown: it may hold a part of the secret.
    throw new CliError(`docker-credential-${helper}: its answer is not JSON`);
  }
}

export async function helperStore(
  helper: string,
  server: string,
  { username, secret }: StoredCredentials,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
  const { status, output } = await runHelper(helper, 'store', input);
  if (status !== 0) throw new CliError(`docker-credential-${helper}: ${output.trim()}`);
}

export async function helperErase(helper: string, server: string): Promise<void> {
  const { status, output } = await runHelper(helper, 'erase', server);
  if (status === 0 || output.includes('credentials not found')) return;
  throw new CliError(`docker-credential-${helper}: ${output.trim()}`);
}

async function runHelper(
  helper: string,
  verb: string,
  input: string,
): Promise<{ status: number; output: string }> {
  // A name, never a path: the configuration file must not start programs from anywhere.
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(helper)) {
    throw new CliError(
      `invalid name of a credential helper: ${JSON.stringify(helper.slice(0, 100))}`,
    );
  }
  const program = `docker-credential-${helper}`;
  const path = Bun.which(program);
  if (path === null) throw new CliError(`${program}: executable file not found in $PATH`);
  const child = Bun.spawn([path, verb], {
    stdin: Buffer.from(input),
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: LIMIT_MS,
  });
  const output = await new Response(child.stdout).text();
  return { status: await child.exited, output };
}
