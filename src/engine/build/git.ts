/**
 * A repository as a tar stream: cloned bare, so that nothing of it is checked out, no hook, filter or link of it acts, and
 * read with `git archive`.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, TiffinError } from '../../base/errors.ts';
import type { StepReport } from '../../build/worker.ts';
import { runProgram, streamProgram } from '../../host/program.ts';

export interface GitAddress {
  remote: string;
  /** Branch, tag or commit; empty: the default branch. */
  ref: string;
  /** Below which the files are taken. */
  directory: string;
}

/** `remote#ref:directory`. */
export function parseGitAddress(text: string): GitAddress {
  const mark = text.indexOf('#');
  const remote = mark < 0 ? text : text.slice(0, mark);
  const fragment = mark < 0 ? '' : text.slice(mark + 1);
  const colon = fragment.indexOf(':');
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  const directory = colon < 0 ? '' : fragment.slice(colon + 1);
  // What begins with a hyphen would be an option of git (CVE-2017-1000117 and its like).
  if (remote.startsWith('-') || ref.startsWith('-') || directory.startsWith('-')) {
    throw failed(`the address ${JSON.stringify(text.slice(0, 200))} is not one of a repository`);
  }
  return { remote, ref, directory: directory.replace(/^\/+|\/+$/g, '') };
}

/** Ends in an error when the repository or the ref cannot be read. `into` is an empty directory. */
export async function* cloneRepository(
  address: string,
  into: string,
  report: StepReport,
): AsyncGenerator<Uint8Array> {
  const { remote, ref, directory } = parseGitAddress(address);
  const env = environment(into);
  const git = async (...args: string[]) => {
    const result = await runProgram(['git', ...SAFE, ...args], { env, signal: report.signal });
    if (result.status === 0) return result.stdout.trim();
    throw failed(`failed to fetch remote ${remote}: ${plain(result.stderr.trim().slice(-500))}`);
  };
  await git('init', '--quiet', '--bare', '--template=', into);
  // All files as they are committed: an archive would leave some out and write others anew where the repository says so.
  mkdirSync(join(into, 'info'), { recursive: true });
  writeFileSync(join(into, 'info/attributes'), '* -export-ignore -export-subst\n');
  const wanted = ref === '' ? 'HEAD' : ref;
  const fetchInto = (...depth: string[]) =>
    git('--git-dir', into, 'fetch', '--quiet', ...depth, '--no-tags', '--', remote, wanted);
  await fetchInto('--depth=1').catch((error: unknown) => {
    // A server of plain files has only the whole history.
    if (!errorMessage(error).includes('does not support shallow')) throw error;
    return fetchInto();
  });
  const commit = await git('--git-dir', into, 'rev-parse', 'FETCH_HEAD^{commit}');
  const tree = directory === '' ? commit : `${commit}:${directory}`;
  report.status(`${commit} ${wanted}`);
  yield* streamProgram(
    ['git', ...SAFE, '-c', 'tar.umask=0022', '--git-dir', into, 'archive', '--format=tar', tree],
    { env, signal: report.signal },
  );
}

/** Remote helpers run programs, and a local path would read the host's files (CVE-2022-39253). */
const SAFE = [
  '-c',
  'protocol.allow=never',
  '-c',
  'protocol.https.allow=always',
  '-c',
  'protocol.http.allow=always',
  '-c',
  'protocol.git.allow=always',
  '-c',
  'protocol.ssh.allow=always',
  '-c',
  'core.hooksPath=/dev/null',
];

function environment(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    LC_ALL: 'C',
  };
}

/** The other side may say anything, and a terminal would obey some of it. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
}

function failed(message: string): TiffinError {
  return new TiffinError('unavailable', 'source-unavailable', message, {
    hint: 'check the address and the network of the engine, and that git is installed there',
  });
}
