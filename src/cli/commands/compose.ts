/** `tiffin compose`: an installed compose does the work, with this engine as its Docker. */

import { accessSync, constants, statSync } from 'node:fs';
import { socketPath } from '../client/engine.ts';
import { CliError, type Command } from '../command.ts';
import { configDirectory } from '../context/directory.ts';

/** Where Docker's own client looks for plugins, after the user's directory. */
const PLUGIN_DIRECTORIES = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];
const PROGRAM = 'docker-compose';
const NOT_FOUND_STATUS = 127;

export const compose: Command = {
  usage: '[OPTIONS] COMMAND',
  summary: 'Run an installed docker compose with this engine',
  flags: [],
  args: { min: 0 },
  takesAllWords: true,
  run: async ({ args, engine }) => {
    const program = findCompose();
    if (program === undefined) throw notInstalled();
    // Compose starts no engine: the default one has to be there before it asks.
    (await engine.connect()).close();
    const host = engine.host();
    return runProgram(program, args, { DOCKER_HOST: `unix://${socketPath(host)}` });
  },
};

function findCompose(): string | undefined {
  const path = (process.env.PATH ?? '').split(':').filter((directory) => directory !== '');
  const places = [`${configDirectory()}/cli-plugins`, ...PLUGIN_DIRECTORIES, ...path];
  return places.map((directory) => `${directory}/${PROGRAM}`).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function notInstalled(): CliError {
  const places = ['~/.docker/cli-plugins', ...PLUGIN_DIRECTORIES, 'PATH'].join(', ');
  return new CliError(
    `compose is not installed: no ${PROGRAM} in ${places}\nInstall docker compose, its plugin or the package ${PROGRAM}, then run this command again`,
    NOT_FOUND_STATUS,
  );
}

/** DOCKER_CONTEXT would win over DOCKER_HOST in some composes, so it goes. Replaces this process, terminal and signals included. */
function runProgram(
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>>,
): never {
  const { DOCKER_CONTEXT: _, ...environment } = process.env;
  const given = Object.entries({ ...environment, ...more }).filter(
    ([, value]) => value !== undefined,
  );
  if (process.execve === undefined) throw new CliError(`cannot execute ${program}`);
  process.execve(program, [PROGRAM, ...args], Object.fromEntries(given));
  throw new CliError(`cannot execute ${program}`);
}
