/** Device rules as properties of a unit. */

import { accessText, coversAll, type DeviceRule, deviceRules } from '../../cgroup/device-rules.ts';
import type { LinuxResources } from '../../spec/runtime/index.ts';
import { type Property, property } from './properties.ts';

const KINDS = { c: ['char'], b: ['block'], all: ['char', 'block'] } as const;

/**
 * The same rules that the runtime's own filter holds, so that systemd, whenever it applies its settings anew, neither opens
 * nor closes anything. What systemd cannot say, a denial among permissions, is left to the own filter alone.
 */
export function deviceProperties({ devices }: LinuxResources): Property[] {
  const rules = deviceRules(devices);
  const allowed = rules.map(ruleEntries);
  if (rules.some(coversAll) || allowed.includes(undefined)) {
    return [property('DevicePolicy', 's', 'auto'), property('DeviceAllow', 'a(ss)', [])];
  }
  return [
    property('DevicePolicy', 's', 'strict'),
    property(
      'DeviceAllow',
      'a(ss)',
      allowed.flatMap((entries) => entries ?? []),
    ),
  ];
}

function ruleEntries({ allow, type, major, minor, access }: DeviceRule) {
  if (!allow || (major === undefined && minor !== undefined)) return undefined;
  return KINDS[type].map((kind) => [
    minor === undefined ? `${kind}-${major ?? '*'}` : `/dev/${kind}/${major}:${minor}`,
    accessText(access),
  ]);
}
