/** A profile given with `--security-opt seccomp=…`: Docker's JSON, whose rules may depend on capabilities, machine and kernel. */

import { arch, release } from 'node:os';
import { TiffinError } from '../../base/errors.ts';
import { JsonObject, parseJson } from '../../spec/json-object.ts';
import type { LinuxSeccomp } from '../../spec/runtime/index.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_RULES = 4096;

/** Go's names of architectures, as the profile's conditions use them. */
const GO_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const SCMP_ARCH: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
};

type Rule = NonNullable<LinuxSeccomp['syscalls']>[number];
type Argument = NonNullable<Rule['args']>[number];
type Action = LinuxSeccomp['defaultAction'];
type Operator = Argument['op'];

const ACTIONS = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
] as const satisfies readonly Action[];

const OPERATORS = [
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
] as const satisfies readonly Operator[];

/** Rules whose conditions do not hold for these capabilities on this machine are left out. Throws `invalid`. */
export function parseDockerProfile(text: string, capabilities: ReadonlySet<string>): LinuxSeccomp {
  if (text.length > MAX_BYTES) throw invalid('the profile is larger than 1 MiB');
  const profile = JsonObject.of(
    parseJson(new TextEncoder().encode(text), 'seccomp profile'),
    'profile',
  );
  const rules =
    profile.list('syscalls', MAX_RULES, (value, path) => JsonObject.of(value, path)) ?? [];
  const errno = profile.count('defaultErrnoRet');
  return {
    defaultAction: choose(profile.requiredText('defaultAction'), ACTIONS, 'defaultAction'),
    ...(errno === undefined ? {} : { defaultErrnoRet: errno }),
    architectures: architectures(profile),
    syscalls: rules.filter((rule) => applies(rule, capabilities)).map(toRule),
  };
}

function architectures(profile: JsonObject): LinuxSeccomp['architectures'] {
  const own = SCMP_ARCH[arch()] ?? '';
  const mapped = profile
    .list('archMap', 64, (value, path) => JsonObject.of(value, path))
    ?.find((entry) => entry.text('architecture') === own);
  const subordinate = mapped?.texts('subArchitectures') ?? [];
  return profile.texts('architectures') ?? [own, ...subordinate];
}

function applies(rule: JsonObject, capabilities: ReadonlySet<string>): boolean {
  const includes = rule.object('includes');
  const excludes = rule.object('excludes');
  const here = GO_ARCH[arch()] ?? arch();
  if (includes !== undefined) {
    const arches = includes.texts('arches') ?? [];
    const needed = includes.texts('caps') ?? [];
    if (arches.length > 0 && !arches.includes(here)) return false;
    if (!needed.every((name) => capabilities.has(name))) return false;
    if (!kernelIsAtLeast(includes.text('minKernel'))) return false;
  }
  if (excludes === undefined) return true;
  const forbidden = excludes.texts('caps') ?? [];
  if ((excludes.texts('arches') ?? []).includes(here)) return false;
  const minimum = excludes.text('minKernel');
  if (minimum !== undefined && kernelIsAtLeast(minimum)) return false;
  return !forbidden.some((name) => capabilities.has(name));
}

function toRule(rule: JsonObject): Rule {
  const single = rule.text('name');
  const names = rule.texts('names') ?? (single === undefined ? [] : [single]);
  const errno = rule.count('errnoRet');
  const args = rule.list('args', 64, (value, path) => toArgument(JsonObject.of(value, path)));
  return {
    names,
    action: choose(rule.requiredText('action'), ACTIONS, `${rule.path}.action`),
    ...(errno === undefined ? {} : { errnoRet: errno }),
    ...(args === undefined || args.length === 0 ? {} : { args }),
  };
}

function toArgument(argument: JsonObject): Argument {
  const index = argument.count('index') ?? 0;
  if (index > 5) throw invalid(`${argument.path}.index must be from 0 to 5`);
  return {
    index,
    value: argument.count('value') ?? 0,
    valueTwo: argument.count('valueTwo') ?? 0,
    op: choose(argument.requiredText('op'), OPERATORS, `${argument.path}.op`),
  };
}

function choose<const T extends string>(text: string, known: readonly T[], path: string): T {
  const found = known.find((candidate) => candidate === text);
  if (found === undefined)
    throw invalid(`${path}: unknown value ${JSON.stringify(text.slice(0, 60))}`);
  return found;
}

function kernelIsAtLeast(minimum: string | undefined): boolean {
  if (minimum === undefined) return true;
  const [major = 0, minor = 0] = release()
    .split('.', 2)
    .map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = minimum
    .split('.', 2)
    .map((part) => Number.parseInt(part, 10));
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function invalid(why: string): TiffinError {
  return new TiffinError('invalid', 'bad-seccomp-profile', `invalid seccomp profile: ${why}`);
}
