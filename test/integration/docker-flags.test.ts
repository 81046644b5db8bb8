/** Every command and flag that the stock docker client tells of in its help is there, or is an exception with a reason. */

import { expect, test } from 'bun:test';
import { absentCommands } from '../../src/cli/absent-commands.ts';
import { findCommand, groups } from '../../src/cli/commands.ts';
import type { FlagSpec } from '../../src/cli/flags/spec.ts';
import { globalFlags } from '../../src/cli/global-flags.ts';
import { run } from './harness.ts';

const WINDOWS = 'for Windows containers only';
const TRUST = 'Tiffin asks no signing service';
const SWARM = 'volumes and networks of a swarm only';
const CHECKPOINT = 'checkpoints are a matter of the runtime';
const KUBERNETES = 'Kubernetes support of older clients, which docker has dropped';
const CREATE = ['create', 'run', 'container create', 'container run'];
const BUILD = ['build', 'image build', 'builder build'];

interface Exception {
  commands: readonly string[];
  flags: readonly string[];
  reason: string;
}

const exceptions: readonly Exception[] = [
  {
    commands: CREATE,
    flags: ['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops', 'isolation'],
    reason: WINDOWS,
  },
  { commands: BUILD, flags: ['isolation'], reason: WINDOWS },
  {
    commands: [...CREATE, ...BUILD, 'pull', 'push', 'image pull', 'image push'],
    flags: ['disable-content-trust'],
    reason: TRUST,
  },
  { commands: CREATE, flags: ['gpus'], reason: 'Tiffin hands over devices by --device' },
  {
    commands: CREATE,
    flags: ['use-api-socket'],
    reason: 'a bind of the socket does the same, openly',
  },
  {
    commands: [...CREATE, 'update', 'container update'],
    flags: ['kernel-memory'],
    reason: 'the kernel has dropped this limit',
  },
  { commands: BUILD, flags: ['compress', 'stream'], reason: 'the context goes to a local socket' },
  {
    commands: ['start', 'container start'],
    flags: ['checkpoint', 'checkpoint-dir'],
    reason: CHECKPOINT,
  },
  { commands: ['images', 'image ls'], flags: ['tree'], reason: 'an experiment of docker' },
  {
    commands: [
      'image inspect',
      'history',
      'image history',
      'load',
      'image load',
      'save',
      'image save',
      'rmi',
      'image rm',
      'push',
      'image push',
    ],
    flags: ['platform'],
    reason: 'the store keeps one platform of an image',
  },
  {
    commands: ['manifest inspect'],
    flags: ['insecure'],
    reason: 'registries.json says how a registry is reached',
  },
  {
    commands: ['network create'],
    flags: ['config-from', 'config-only', 'ingress'],
    reason: SWARM,
  },
  { commands: ['volume ls'], flags: ['cluster'], reason: SWARM },
  {
    commands: ['volume create'],
    flags: [
      'availability',
      'group',
      'limit-bytes',
      'required-bytes',
      'scope',
      'secret',
      'sharing',
      'topology-preferred',
      'topology-required',
      'type',
    ],
    reason: SWARM,
  },
  {
    commands: ['context create', 'context update', 'context export', 'version'],
    flags: ['default-stack-orchestrator', 'kubernetes', 'kubeconfig'],
    reason: KUBERNETES,
  },
];

test('docker --help: every command of the stock client is in commands or absentCommands, and each flag in its table', async () => {
  const missing: string[] = [];
  const met = await compare([], missing);
  expect(missing).toEqual([]);
  // The walk must have gone through the whole client, or the list above says nothing.
  expect(met).toBeGreaterThan(100);
}, 120_000);

test('docker --help: no exception is for a command that Tiffin does not have', () => {
  const unknown = exceptions
    .flatMap(({ commands }) => commands)
    .filter((name) => findCommand(name) === undefined);
  expect(unknown).toEqual([]);
  expect(exceptions.filter(({ reason }) => reason === '')).toEqual([]);
});

/** The number of commands met. */
async function compare(path: readonly string[], missing: string[]): Promise<number> {
  const name = path.join(' ');
  // The older client lists its library's own completion, a command of its own for every shell.
  if (absentCommands.has(name) || name === 'completion') return 0;
  const help = (await run(['docker', ...path, '--help'])).stdout;
  const below = commandNames(help);
  if (below.length === 0) {
    missing.push(...(await absentFrom(name, help)));
    return 1;
  }
  if (path.length === 0) missing.push(...lacking('', globalFlags, help));
  else if (!groups.has(name)) missing.push(name);
  let met = 0;
  for (const word of below) met += await compare([...path, word], missing);
  return met;
}

async function absentFrom(name: string, help: string): Promise<string[]> {
  const entry = findCommand(name);
  return entry === undefined ? [name] : lacking(name, (await entry.load()).flags, help);
}

function lacking(name: string, flags: readonly FlagSpec[], help: string): string[] {
  const known = new Set([...flags.flatMap((flag) => [flag.name, ...(flag.aliases ?? [])]), 'help']);
  const excused = exceptions.filter(({ commands }) => commands.includes(name));
  for (const flag of excused.flatMap((exception) => exception.flags)) known.add(flag);
  const told = [...help.matchAll(/^ {2,6}(?:-\w, )?--([a-z0-9-]+)/gm)].map(([, flag = '']) => flag);
  return told.filter((flag) => !known.has(flag)).map((flag) => `${name} --${flag}`.trim());
}

/** Names below the headings of commands. A star marks a plugin's. */
function commandNames(help: string): string[] {
  const names: string[] = [];
  let inside = false;
  for (const line of help.split('\n')) {
    if (/^\S/.test(line)) inside = /Commands:$/.test(line);
    const [, name] = /^ {2}([a-z][a-z-]*) +\S/.exec(line) ?? [];
    if (inside && name !== undefined) names.push(name);
  }
  return names;
}
