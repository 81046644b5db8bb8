/** Which devices a container may use: linux.resources.devices as a list of exact rules, in order. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxDeviceCgroup } from '../spec/runtime/resources.ts';

/** Bits of `access`, as BPF_DEVCG_ACC_* has them. */
export const MKNOD = 1;
export const READ = 2;
export const WRITE = 4;
export const ALL_ACCESS = MKNOD | READ | WRITE;

/** undefined: every number. */
export interface DeviceRule {
  allow: boolean;
  type: 'b' | 'c' | 'all';
  major: number | undefined;
  minor: number | undefined;
  access: number;
}

/** What every container may use, whatever the list says: config-linux.md «Default Devices», and making any node. */
const DEFAULT_RULES: readonly DeviceRule[] = [
  allowed('c', undefined, undefined, MKNOD),
  allowed('b', undefined, undefined, MKNOD),
  allowed('c', 1, 3), // null
  allowed('c', 1, 5), // zero
  allowed('c', 1, 7), // full
  allowed('c', 1, 8), // random
  allowed('c', 1, 9), // urandom
  allowed('c', 5, 0), // tty
  allowed('c', 5, 1), // console
  allowed('c', 5, 2), // ptmx
  allowed('c', 136, undefined), // pts
];

/**
 * The rules in force, deny by default: the last rule that matches a device and an access decides it. What comes before
 * a rule about everything is left out. An absent list denies all but the defaults.
 */
export function deviceRules(list: readonly LinuxDeviceCgroup[] | undefined): DeviceRule[] {
  const rules = [...(list ?? []).map(parseRule), ...DEFAULT_RULES];
  const reset = rules.findLastIndex(coversAll);
  const effective = rules.slice(Math.max(reset, 0));
  const everythingAllowed = reset >= 0 && effective[0]?.allow === true;
  // After «allow everything» and with no denial since, each further permission is idle.
  if (everythingAllowed && effective.every((rule) => rule.allow)) return effective.slice(0, 1);
  return reset >= 0 && !everythingAllowed ? effective.slice(1) : effective;
}

/** Whether the rule decides every device and every access. */
export function coversAll(rule: DeviceRule): boolean {
  return (
    rule.type === 'all' &&
    rule.major === undefined &&
    rule.minor === undefined &&
    rule.access === ALL_ACCESS
  );
}

/** `rwm` → bits. */
export function parseAccess(text: string): number | undefined {
  let access = 0;
  for (const letter of text) {
    if (letter === 'r') access |= READ;
    else if (letter === 'w') access |= WRITE;
    else if (letter === 'm') access |= MKNOD;
    else return undefined;
  }
  return access;
}

/** Bits → `rwm`. */
export function accessText(access: number): string {
  return `${access & READ ? 'r' : ''}${access & WRITE ? 'w' : ''}${access & MKNOD ? 'm' : ''}`;
}

function allowed(
  type: DeviceRule['type'],
  major: number | undefined,
  minor: number | undefined,
  access = ALL_ACCESS,
): DeviceRule {
  return { allow: true, type, major, minor, access };
}

function parseRule(rule: LinuxDeviceCgroup, index: number): DeviceRule {
  const field = `linux.resources.devices[${index}]`;
  const access = parseAccess(rule.access || 'rwm');
  if (access === undefined) {
    throw invalid(`${field}.access: not letters of rwm: ${JSON.stringify(rule.access)}`);
  }
  return {
    allow: rule.allow,
    type: deviceType(rule.type, field),
    // Linux device numbers: 12 bits major, 20 bits minor.
    major: deviceNumber(rule.major, 0xfff, `${field}.major`),
    minor: deviceNumber(rule.minor, 0xfffff, `${field}.minor`),
    access,
  };
}

function deviceType(type: string | undefined, field: string): DeviceRule['type'] {
  if (type === undefined || type === '' || type === 'a') return 'all';
  if (type === 'c' || type === 'u') return 'c';
  if (type === 'b') return 'b';
  throw invalid(`${field}.type: not a, b or c: ${JSON.stringify(type.slice(0, 64))}`);
}

function deviceNumber(value: number | undefined, max: number, field: string): number | undefined {
  if (value === undefined || value === -1) return undefined;
  if (value >= 0 && value <= max) return value;
  throw invalid(`${field}: not a device number: ${value}`);
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'invalid-device-rule', message);
}
