/** Names, kernel settings and the out-of-memory score. */

import type { Step } from '../plan/ops.ts';
import type { Process, RuntimeSpec } from '../spec/runtime/index.ts';
import { inside } from './step.ts';

const encoder = new TextEncoder();

export function planNames(spec: RuntimeSpec): Step[] {
  const steps: Step[] = [];
  if (spec.hostname !== undefined && spec.hostname !== '') {
    steps.push(inside({ op: 'hostname', name: spec.hostname }, 'the name it has for itself'));
  }
  if (spec.domainname !== undefined && spec.domainname !== '') {
    steps.push(inside({ op: 'domainname', name: spec.domainname }, 'its NIS domain'));
  }
  return steps;
}

/** After the network is set up: settings of an interface exist only with it. Before /proc/sys is made read-only. */
export function planSysctls(spec: RuntimeSpec): Step[] {
  return Object.entries(spec.linux?.sysctl ?? {}).map(([key, value]) =>
    inside({ op: 'sysctl', key: sysctlPath(key), value }, 'a kernel setting of its own namespaces'),
  );
}

/** `net.ipv4.ip_forward` → `net/ipv4/ip_forward`; sysctl.d(5): with a slash first, dots belong to the names. */
export function sysctlPath(key: string): string {
  const slash = key.indexOf('/');
  const dot = key.indexOf('.');
  if (slash >= 0 && (dot < 0 || slash < dot)) return key;
  return key.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

/** Before anything large is set up, and while /proc is still the host's; a user namespace has it written from beside. */
export function planOomScore(process: Process): Step[] {
  if (process.oomScoreAdj === undefined) return [];
  return [
    inside(
      {
        op: 'write',
        path: '/proc/self/oom_score_adj',
        data: encoder.encode(String(process.oomScoreAdj)),
        ignore: [],
      },
      'how readily the kernel kills it when memory runs out',
    ),
  ];
}
