/** The v1 devices controller: exceptions to a default, written one by one. */

import { TiffinError } from '../base/errors.ts';
import { type CgroupWrite, write } from './controller.ts';
import { ALL_ACCESS, accessText, coversAll, type DeviceRule } from './device-rules.ts';

type Exceptions = Map<string, number>;

/** What a v1 devices cgroup holds: the answer for what no exception names, and the exceptions by `c 1:3`. */
export interface DeviceList {
  allowOthers: boolean;
  exceptions: Exceptions;
}

/** Writes that bring a new cgroup, which starts with its parent's list, to the rules. */
export function deviceWrites(rules: readonly DeviceRule[]): CgroupWrite[] {
  const { allowOthers, exceptions } = deviceList(rules);
  // What the parent allows is the most that a child can have, so allowing all again would change nothing.
  const writes = allowOthers ? [] : [write('devices.deny', 'a', 'no device unless allowed')];
  for (const [device, access] of exceptions) writes.push(exception(!allowOthers, device, access));
  return writes;
}

/** Writes that change a cgroup in use; what stays allowed is allowed at every moment in between. */
export function deviceUpdates(current: DeviceList, rules: readonly DeviceRule[]): CgroupWrite[] {
  const wanted = deviceList(rules);
  if (current.allowOthers !== wanted.allowOthers) {
    const reset = wanted.allowOthers
      ? write('devices.allow', 'a', 'every device unless denied')
      : write('devices.deny', 'a', 'no device unless allowed');
    return [reset, ...exceptionWrites(new Map(), wanted)];
  }
  return exceptionWrites(current.exceptions, wanted);
}

/** devices.list of a cgroup, which shows `a *:* rwm` or the allowed exceptions. */
export function parseDeviceList(text: string): DeviceList {
  const exceptions: Exceptions = new Map();
  for (const line of text.split('\n')) {
    const [type, numbers, access = ''] = line.split(' ');
    if (type === 'a') return { allowOthers: true, exceptions: new Map() };
    if (type !== undefined && numbers !== undefined)
      exceptions.set(`${type} ${numbers}`, bits(access));
  }
  return { allowOthers: false, exceptions };
}

/** The rules as the kernel's list can hold them. Throws `unsupported` where a rule cuts a hole into a wider exception. */
export function deviceList(rules: readonly DeviceRule[]): DeviceList {
  let allowOthers = false;
  const exceptions: Exceptions = new Map();
  for (const rule of rules) {
    if (coversAll(rule)) {
      allowOthers = rule.allow;
      exceptions.clear();
      continue;
    }
    for (const type of rule.type === 'all' ? ['b', 'c'] : [rule.type]) {
      const device = `${type} ${rule.major ?? '*'}:${rule.minor ?? '*'}`;
      if (rule.allow === allowOthers) remove(exceptions, device, rule);
      else exceptions.set(device, (exceptions.get(device) ?? 0) | rule.access);
    }
  }
  return { allowOthers, exceptions };
}

/** Takes a rule back. The kernel takes back only exactly the same device, so everything else that overlaps is refused. */
function remove(exceptions: Exceptions, device: string, rule: DeviceRule): void {
  for (const [other, access] of exceptions) {
    if ((access & rule.access) === 0 || !overlaps(other, device)) continue;
    if (!covers(device, other)) {
      throw new TiffinError(
        'unsupported',
        'device-rule-too-fine',
        `linux.resources.devices: cgroup v1 cannot except ${device} from ${other}`,
        { hint: 'list the wanted devices instead of a wildcard' },
      );
    }
    const left = access & ~rule.access;
    if (left === 0) exceptions.delete(other);
    else exceptions.set(other, left);
  }
}

function overlaps(a: string, b: string): boolean {
  return pairs(a, b).every(([x, y]) => x === y || x === '*' || y === '*');
}

function covers(wide: string, narrow: string): boolean {
  return pairs(wide, narrow).every(([x, y]) => x === y || x === '*');
}

function pairs(a: string, b: string): [string, string][] {
  const right = b.split(/[ :]/);
  return a.split(/[ :]/).map((part, index) => [part, right[index] ?? '']);
}

function exceptionWrites(current: Exceptions, wanted: DeviceList): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  for (const [device, access] of wanted.exceptions) {
    const missing = access & ~(current.get(device) ?? 0);
    if (missing !== 0) writes.push(exception(!wanted.allowOthers, device, missing));
  }
  for (const [device, access] of current) {
    const surplus = access & ~(wanted.exceptions.get(device) ?? 0);
    if (surplus !== 0) writes.push(exception(wanted.allowOthers, device, surplus));
  }
  return writes;
}

function exception(allow: boolean, device: string, access: number): CgroupWrite {
  const text = `${device} ${accessText(access)}`;
  return write(
    allow ? 'devices.allow' : 'devices.deny',
    text,
    `${allow ? 'may' : 'may not'} use ${text}`,
  );
}

function bits(access: string): number {
  let value = 0;
  for (const letter of access) value |= letter === 'r' ? 2 : letter === 'w' ? 4 : 1;
  return value & ALL_ACCESS;
}
