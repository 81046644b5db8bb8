/** The five capability sets of a process: capabilities(7). */

import type { HostFacts } from '../host/facts.ts';
import type { Step } from '../plan/ops.ts';
import { capabilityMask, parseCapability } from '../spec/capabilities.ts';
import type { LinuxCapabilities, Process } from '../spec/runtime/index.ts';
import { inside } from './step.ts';

export interface CapabilitySteps {
  /** While the process may still change its bounding set, so before it gives up its identity. */
  bounding: Step[];
  /** After the identity changed, which clears the effective set. */
  sets: Step[];
  /** After the filter was loaded with a right that the program itself does not get; else empty. */
  rest: Step[];
}

/** seccomp(2): a filter takes it where new privileges stay possible. */
const FILTER_RIGHT = capabilityMask(['CAP_SYS_ADMIN']);

/**
 * Without `capabilities` the process has none. `ownUserNamespace`: all capabilities exist in a new one; else only
 * what this process itself has can be given, and the rest is left out as the specification asks.
 * `filterFollows`: a filter is loaded between `sets` and `rest`, without no_new_privs.
 */
export function planCapabilities(
  process: Process,
  facts: HostFacts,
  ownUserNamespace: boolean,
  filterFollows: boolean,
): CapabilitySteps {
  const held = ownUserNamespace ? ~0n : facts.capabilities.bounding;
  const mask = (set: keyof LinuxCapabilities) =>
    BigInt.asUintN(64, held) & capabilityMask(known(process.capabilities?.[set] ?? []));
  const permitted = mask('permitted');
  const inheritable = mask('inheritable');
  const effective = mask('effective') & permitted;
  const kept = filterFollows ? held & FILTER_RIGHT : 0n;
  return {
    bounding: [
      inside(
        { op: 'bounding', mask: mask('bounding') },
        'no later program can gain more; first, as it takes CAP_SETPCAP',
      ),
    ],
    sets: [
      inside(
        {
          op: 'capabilities',
          effective: effective | kept,
          permitted: permitted | kept,
          inheritable,
          // The kernel raises ambient capabilities only within both.
          ambient: mask('ambient') & permitted & inheritable,
        },
        kept === 0n
          ? 'exactly these rights, nothing of what the set-up needed'
          : 'these rights, and CAP_SYS_ADMIN until the filter is loaded',
      ),
    ],
    rest:
      (kept & ~effective) === 0n
        ? []
        : [
            inside(
              { op: 'drop-capabilities', effective, permitted, inheritable },
              'exactly these rights, nothing of what the set-up needed',
            ),
          ],
  };
}

/** What cannot be granted is left out: the specification wants a warning, not a refusal. */
export function capabilityWarnings(
  process: Process,
  facts: HostFacts,
  ownUserNamespace: boolean,
): string[] {
  const held = ownUserNamespace ? ~0n : facts.capabilities.bounding;
  const names = new Set(
    Object.values(process.capabilities ?? {})
      .filter(Array.isArray)
      .flat(),
  );
  const unknown = [...names].filter((name) => parseCapability(name) === undefined);
  const missing = known([...names]).filter((name) => (capabilityMask([name]) & held) === 0n);
  return [
    ...(unknown.length === 0 ? [] : [`ignoring unknown capabilities: ${unknown.join(', ')}`]),
    ...(missing.length === 0
      ? []
      : [`ignoring capabilities that the caller does not have: ${missing.join(', ')}`]),
  ];
}

function known(names: readonly string[]): string[] {
  return names.filter((name) => parseCapability(name) !== undefined);
}
