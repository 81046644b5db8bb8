/** What the process may do: capabilities, no-new-privileges, seccomp, AppArmor, masked paths, from `--security-opt` and kin. */

import { TiffinError } from '../../base/errors.ts';
import type { HostFacts } from '../../host/facts.ts';
import { defaultProfile } from '../../seccomp/index.ts';
import {
  adjustCapabilities,
  capabilityNames,
  DEFAULT_CAPABILITIES,
} from '../../spec/capabilities.ts';
import type { HostConfig } from '../../spec/docker.ts';
import type { LinuxSeccomp } from '../../spec/runtime/index.ts';
import { parseDockerProfile } from './seccomp-profile.ts';

export interface Security {
  capabilities: string[];
  noNewPrivileges: boolean;
  seccomp: LinuxSeccomp | undefined;
  apparmorProfile: string | undefined;
  maskedPaths: string[];
  readonlyPaths: string[];
}

/** Files of the kernel that tell about the host or its other users (CVE-2018-10892, GHSA-jq35-85cj-fj4p). */
export const MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

export const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

export interface SecurityOptions {
  noNewPrivileges: boolean;
  /** `unconfined`, a profile in JSON, or undefined for the default. */
  seccomp: string | undefined;
  apparmor: string | undefined;
  systemPathsUnconfined: boolean;
  writableCgroups: boolean;
}

export function toSecurity(host: HostConfig, facts: HostFacts): Security {
  const options = parseSecurityOptions(host.SecurityOpt);
  const open = host.Privileged || options.systemPathsUnconfined;
  const capabilities = effectiveCapabilities(host, facts);
  const apparmor = host.Privileged ? 'unconfined' : options.apparmor;
  return {
    capabilities,
    noNewPrivileges: options.noNewPrivileges,
    seccomp: seccompOf(options.seccomp, host.Privileged, capabilities),
    // Without AppArmor in the kernel there is nothing a label could be written to.
    apparmorProfile: facts.apparmor ? apparmor : undefined,
    maskedPaths: open ? [] : [...(host.MaskedPaths ?? MASKED_PATHS)],
    readonlyPaths: open ? [] : [...(host.ReadonlyPaths ?? READONLY_PATHS)],
  };
}

/** A privileged container gets what this engine itself has. */
export function effectiveCapabilities(host: HostConfig, facts: HostFacts): string[] {
  if (host.Privileged) return capabilityNames(facts.capabilities.bounding);
  const wanted = adjustCapabilities(DEFAULT_CAPABILITIES, host.CapAdd, host.CapDrop);
  const available = new Set(capabilityNames(facts.capabilities.bounding));
  return wanted.filter((name) => available.has(name));
}

/** Each option is `name=value`, `name:value` or a bare name, as Docker reads them. Throws `invalid`. */
export function parseSecurityOptions(texts: readonly string[]): SecurityOptions {
  const options: SecurityOptions = {
    noNewPrivileges: false,
    seccomp: undefined,
    apparmor: undefined,
    systemPathsUnconfined: false,
    writableCgroups: false,
  };
  for (const text of texts) {
    const { name, value } = splitOption(text);
    if (name === 'no-new-privileges') options.noNewPrivileges = parseSwitch(text, value);
    else if (name === 'seccomp') options.seccomp = required(text, value);
    else if (name === 'apparmor') options.apparmor = required(text, value);
    else if (name === 'systempaths' && value === 'unconfined') options.systemPathsUnconfined = true;
    else if (name === 'writable-cgroups') options.writableCgroups = parseSwitch(text, value);
    else if (name === 'label') checkLabel(value);
    else throw invalid(text);
  }
  return options;
}

function splitOption(text: string): { name: string; value: string | undefined } {
  const equals = text.indexOf('=');
  const colon = text.indexOf(':');
  const at = equals >= 0 ? equals : colon;
  if (at < 0) return { name: text, value: undefined };
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

function parseSwitch(text: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true') return true;
  if (value === 'false') return false;
  throw invalid(text);
}

function required(text: string, value: string | undefined): string {
  if (value === undefined || value === '') throw invalid(text);
  return value;
}

/** This engine writes no SELinux labels; asking for none is what it does anyway. */
function checkLabel(value: string | undefined): void {
  if (value === 'disable') return;
  throw new TiffinError(
    'unsupported',
    'no-selinux',
    `security option label=${value ?? ''} is not supported`,
  );
}

function seccompOf(
  option: string | undefined,
  privileged: boolean,
  capabilities: readonly string[],
): LinuxSeccomp | undefined {
  if (option === 'unconfined' || (privileged && option === undefined)) return undefined;
  if (option === undefined || option === 'builtin') return defaultProfile(new Set(capabilities));
  return parseDockerProfile(option, new Set(capabilities));
}

function invalid(text: string): TiffinError {
  const shown = JSON.stringify(text.slice(0, 120));
  return new TiffinError('invalid', 'bad-security-option', `invalid --security-opt ${shown}`, {
    hint: 'known are no-new-privileges, seccomp=, apparmor=, systempaths=unconfined, writable-cgroups and label=disable',
  });
}
