/** `tiffin build`. */

import { writeFileSync } from 'node:fs';
import { type BuildMessage, BuildState } from '../build/events.ts';
import {
  type BuildOutput,
  dropUnnamed,
  keepsImage,
  parseOutput,
  writeOutput,
} from '../build/output.ts';
import { noProgress, type Progress, plainProgress, screenProgress } from '../build/progress.ts';
import { registriesOf, requestOf } from '../build/request.ts';
import { buildSource } from '../build/source.ts';
import { type Client, jsonLines } from '../client/client.ts';
import { CliError, type Command, type Invocation } from '../command.ts';
import { checkUlimit } from '../container/ulimit.ts';
import type { FlagSpec } from '../flags/spec.ts';
import { isTerminal } from '../streams/terminal.ts';

const flags: readonly FlagSpec[] = [
  { name: 'add-host', kind: 'list', help: 'Add a custom host-to-IP mapping (host:ip)' },
  { name: 'build-arg', kind: 'list', help: 'Set build-time variables' },
  { name: 'cache-from', kind: 'list', help: 'Images to consider as cache sources' },
  { name: 'cgroup-parent', kind: 'string', help: 'Parent cgroup for RUN instructions' },
  { name: 'cpu-period', kind: 'int', help: 'Limit the CPU CFS period' },
  { name: 'cpu-quota', kind: 'int', help: 'Limit the CPU CFS quota' },
  { name: 'cpu-shares', kind: 'int', help: 'CPU shares (relative weight)' },
  { name: 'cpuset-cpus', kind: 'string', help: 'CPUs in which to allow execution (0-3, 0,1)' },
  { name: 'cpuset-mems', kind: 'string', help: 'MEMs in which to allow execution (0-3, 0,1)' },
  {
    name: 'file',
    short: 'f',
    kind: 'string',
    help: 'Name of the Dockerfile (default PATH/Dockerfile)',
  },
  { name: 'force-rm', kind: 'bool', help: 'Nothing is left in any case', hidden: true },
  { name: 'iidfile', kind: 'string', help: 'Write the image ID to a file' },
  { name: 'label', kind: 'list', help: 'Set metadata for an image' },
  { name: 'load', kind: 'bool', help: 'The image is in the engine in any case', hidden: true },
  { name: 'memory', short: 'm', kind: 'size', help: 'Memory limit of RUN instructions' },
  {
    name: 'memory-swap',
    kind: 'size-or-unlimited',
    help: 'Memory and swap together; -1: unlimited swap',
  },
  { name: 'network', kind: 'string', help: 'Networking mode of RUN instructions' },
  {
    name: 'no-cache',
    kind: 'bool',
    help: 'Do not use cache when building the image',
    deprecated: ['-no-cache'],
  },
  { name: 'no-cache-filter', kind: 'strings', help: 'Do not cache specified stages' },
  {
    name: 'output',
    short: 'o',
    kind: 'list',
    help: 'Output destination (type=local|tar|oci|docker|image,dest=path)',
  },
  { name: 'platform', kind: 'string', help: 'Target platform of the build' },
  {
    name: 'progress',
    kind: 'string',
    fallback: 'auto',
    help: 'Type of progress output (auto, plain, tty, quiet)',
  },
  { name: 'pull', kind: 'bool', help: 'Always attempt to pull all referenced images' },
  {
    name: 'quiet',
    short: 'q',
    kind: 'bool',
    help: 'Suppress the build output and print image ID on success',
  },
  {
    name: 'rm',
    kind: 'bool',
    fallback: 'true',
    help: 'Nothing is left in any case',
    hidden: true,
    deprecated: ['-rm'],
  },
  {
    name: 'secret',
    kind: 'list',
    help: 'Secret to expose to the build (id=mysecret[,src=path|env=NAME])',
  },
  { name: 'security-opt', kind: 'list', help: 'Security options' },
  { name: 'shm-size', kind: 'size', help: 'Shared memory size for RUN instructions' },
  { name: 'squash', kind: 'bool', help: 'Not supported', hidden: true },
  {
    name: 'ssh',
    kind: 'list',
    help: 'SSH agent socket to expose to the build (default|id[=socket])',
  },
  {
    name: 'tag',
    short: 't',
    kind: 'list',
    help: 'Image identifier (format: [registry/]repository[:tag])',
  },
  { name: 'target', kind: 'string', help: 'Set the target build stage to build' },
  { name: 'ulimit', kind: 'list', label: 'ulimit', help: 'Ulimit options', check: checkUlimit },
];

export const build: Command = {
  usage: '[OPTIONS] PATH | URL | -',
  summary: 'Build an image from a Dockerfile',
  flags,
  args: { min: 1, max: 1 },
  run: async (invocation) => {
    const { args, flags: given, client, out } = invocation;
    const [path = ''] = args;
    const wanted = given.list('output').map((text) => ({ text, output: parseOutput(text) }));
    const request = requestOf(given);
    const names = wanted.flatMap(({ output }) =>
      output.name === '' ? [] : output.name.split(','),
    );
    const tags = [...given.list('tag'), ...names];
    const source = await buildSource(path, given.text('file'));
    const registries =
      source.dockerfile === undefined ? undefined : await registriesOf(source.dockerfile);
    const document = { ...request, ...source.request, tags, ...(registries && { registries }) };
    const id = await perform(invocation, document, source.archive);
    for (const { output } of wanted.filter((one) => !keepsImage(one.output, one.text))) {
      await writeOutput(client, id, output, { tags, out });
    }
    if (isOnlyFiles(wanted)) await dropUnnamed(client, id);
    if (given.text('iidfile') !== '') writeFileSync(given.text('iidfile'), id);
    if (given.bool('quiet') || given.text('progress') === 'quiet') out.print(`${id}\n`);
    return 0;
  },
};

function isOnlyFiles(wanted: readonly { text: string; output: BuildOutput }[]): boolean {
  return wanted.length > 0 && wanted.every(({ text, output }) => !keepsImage(output, text));
}

async function perform(
  { flags: given, out, client }: Invocation,
  document: object,
  archive: AsyncIterable<Uint8Array>,
): Promise<string> {
  const state = new BuildState();
  const progress = chooseProgress(given, state, out);
  let done = false;
  try {
    const id = await follow(client, framed(document, archive), state, progress);
    done = true;
    return id;
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error;
    progress.finish();
    done = true;
    out.error(failureText(state, error.excerpt));
    throw new CliError(`ERROR: failed to build: failed to solve: ${error.message}`);
  } finally {
    if (done) progress.finish();
  }
}

class BuildFailed extends Error {
  readonly excerpt: string;

  constructor(message: string, excerpt: string) {
    super(message);
    this.excerpt = excerpt;
  }
}

async function follow(
  client: Client,
  body: AsyncIterable<Uint8Array>,
  state: BuildState,
  progress: Progress,
): Promise<string> {
  const response = await client.stream('POST', '/tiffin/build', { body });
  for await (const message of jsonLines<BuildMessage>(response.body)) {
    if (message.kind === 'built') return message.id;
    if (message.kind === 'failed') throw new BuildFailed(message.message, message.excerpt);
    for (const change of state.take(message)) progress.change(change);
  }
  throw new CliError('the engine ended in the middle of the build');
}

async function* framed(
  document: object,
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const json = Buffer.from(JSON.stringify(document));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(json.length);
  yield Buffer.concat([head, json]);
  yield* archive;
}

function chooseProgress(
  given: Invocation['flags'],
  state: BuildState,
  out: Invocation['out'],
): Progress {
  const kind = given.bool('quiet') ? 'quiet' : given.text('progress');
  switch (kind) {
    case 'quiet':
      return noProgress;
    case 'plain':
    case 'rawjson':
      return plainProgress(out);
    case 'tty':
      return screenProgress(state, out);
    case 'auto':
    case '':
      return isTerminal(2) ? screenProgress(state, out) : plainProgress(out);
    default:
      throw new CliError(
        `invalid progress mode ${JSON.stringify(kind)}: use auto, plain, tty or quiet`,
      );
  }
}

/** The failed step's last lines, and where in the Dockerfile it stands. */
function failureText(state: BuildState, excerpt: string): string {
  const failed = state.vertices.find(({ error }) => error !== '');
  const rule = '------';
  const tail = failed?.tail.slice(-20).map((line) => `${line}\n`) ?? [];
  const log = failed === undefined ? '' : `${rule}\n > ${failed.name}:\n${tail.join('')}${rule}\n`;
  return `${log}${excerpt === '' ? '' : `${excerpt}\n`}`;
}
