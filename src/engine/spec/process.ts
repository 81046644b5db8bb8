/** The container's process: arguments, environment, directory, capabilities, limits. */

import { TiffinError } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig, Ulimit } from '../../spec/docker.ts';
import { parseRlimit } from '../../spec/rlimits.ts';
import type { PosixRlimit, Process } from '../../spec/runtime/index.ts';
import { processEnvironment } from './environment.ts';
import type { Security } from './security.ts';

/** RLIM_INFINITY, as near as a JSON number comes. */
const UNLIMITED = 2 ** 64;

interface ProcessInput {
  config: ContainerConfig;
  host: HostConfig;
  hostname: string;
  linked: readonly string[];
}

export function toProcess(
  { config, host, hostname, linked }: ProcessInput,
  security: Security,
): Process {
  const variables = { hostname, terminal: config.Tty, linked, own: config.Env };
  return {
    cwd: config.WorkingDir === '' ? '/' : config.WorkingDir,
    args: commandLine(config),
    env: processEnvironment(variables),
    terminal: config.Tty,
    ...(config.Tty && consoleSize(host.ConsoleSize)),
    user: { uid: 0, gid: 0 },
    capabilities: {
      bounding: security.capabilities,
      permitted: security.capabilities,
      effective: security.capabilities,
      // Inheritable and ambient stay empty: a program of another user must not regain them (CVE-2022-24769).
      inheritable: [],
      ambient: [],
    },
    noNewPrivileges: security.noNewPrivileges,
    oomScoreAdj: host.OomScoreAdj,
    rlimits: toRlimits(host.Ulimits),
    ...(security.apparmorProfile === undefined
      ? {}
      : { apparmorProfile: security.apparmorProfile }),
  };
}

/** Entrypoint and command in one list. Throws `invalid` when there is neither. */
export function commandLine(config: ContainerConfig): string[] {
  const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (args.length === 0) {
    throw new TiffinError('invalid', 'no-command', 'no command specified', {
      hint: 'the image names no program: give one after the image name',
    });
  }
  return args;
}

export function toRlimits(ulimits: readonly Ulimit[]): PosixRlimit[] {
  return ulimits.map((limit) => {
    const known = parseRlimit(limit.Name);
    if (known === undefined) {
      throw new TiffinError('invalid', 'bad-ulimit', `invalid ulimit type: ${limit.Name}`);
    }
    if (limit.Hard >= 0 && (limit.Soft < 0 || limit.Soft > limit.Hard)) {
      const message = `ulimit soft limit must be less than or equal to hard limit: ${limit.Soft} > ${limit.Hard}`;
      throw new TiffinError('invalid', 'bad-ulimit', message);
    }
    return { type: known.name, soft: bound(limit.Soft), hard: bound(limit.Hard) };
  });
}

function bound(value: number): number {
  return value < 0 ? UNLIMITED : value;
}

function consoleSize([height, width]: [number, number]): Pick<Process, 'consoleSize'> {
  return height > 0 && width > 0 ? { consoleSize: { height, width } } : {};
}
