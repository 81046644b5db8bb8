/** The program: arguments, directory, environment, ids, limits. */

import { parseRlimit } from '../rlimits.ts';
import type { RuntimeSpec } from './spec.ts';

/** (uid_t) -1 means «no change» to the kernel. */
const NO_ID = 0xffffffff;

export function processArguments({ process }: RuntimeSpec): string[] {
  if (process === undefined) return [];
  if (process.args === undefined || process.args.length === 0) {
    return ['process.args: must not be empty'];
  }
  return process.args[0] === '' ? ['process.args[0]: must not be empty'] : [];
}

export function workingDirectory({ process }: RuntimeSpec): string[] {
  if (process === undefined || process.cwd.startsWith('/')) return [];
  return [`process.cwd: "${process.cwd}" is not an absolute path`];
}

export function environment({ process }: RuntimeSpec): string[] {
  return (process?.env ?? []).flatMap((entry, index) =>
    entry.indexOf('=') > 0 ? [] : [`process.env[${index}]: "${entry}" is not NAME=value`],
  );
}

export function userIds({ process }: RuntimeSpec): string[] {
  const { uid, gid, additionalGids = [] } = process?.user ?? {};
  const ids: [string, number | undefined][] = [
    ['uid', uid],
    ['gid', gid],
    ...additionalGids.map((id, index): [string, number] => [`additionalGids[${index}]`, id]),
  ];
  return ids
    .filter(([, id]) => id === NO_ID)
    .map(([name]) => `process.user.${name}: 4294967295 is no id`);
}

export function rlimitNames({ process }: RuntimeSpec): string[] {
  const seen = new Set<string>();
  return (process?.rlimits ?? []).flatMap(({ type, soft, hard }, index) => {
    const path = `process.rlimits[${index}]`;
    const problems: string[] = [];
    if (!type.startsWith('RLIMIT_') || parseRlimit(type) === undefined) {
      problems.push(`${path}.type: unknown limit "${type}"`);
    }
    if (seen.has(type)) problems.push(`${path}.type: ${type} is given twice`);
    if (soft > hard) problems.push(`${path}.soft: ${soft} is above the hard limit ${hard}`);
    seen.add(type);
    return problems;
  });
}

export function oomScore({ process }: RuntimeSpec): string[] {
  const score = process?.oomScoreAdj;
  if (score === undefined || (score >= -1000 && score <= 1000)) return [];
  return [`process.oomScoreAdj: ${score} is not from -1000 to 1000`];
}

/** A line feed would end the name where procfs reads it, and what follows would be lost or believed. */
export function securityLabels({ process, linux }: RuntimeSpec): string[] {
  const labels: [string, string | undefined][] = [
    ['process.apparmorProfile', process?.apparmorProfile],
    ['process.selinuxLabel', process?.selinuxLabel],
    ['linux.mountLabel', linux?.mountLabel],
  ];
  return labels
    .filter(([, label]) => label !== undefined && /[\n"]/.test(label))
    .map(([at]) => `${at}: contains a line feed or a quote`);
}
