/** Ports as `ps` shows them: `0.0.0.0:8080->80/tcp, 443/tcp`, neighbours joined to ranges. */

import type { Port } from '../../spec/docker.ts';

/** Consecutive ports of one address and protocol; published under their own numbers or not at all. */
interface Run {
  address: string;
  type: string;
  first: number;
  last: number;
  published: boolean;
}

export function displayPorts(ports: readonly Port[]): string {
  const runs: Run[] = [];
  const open = new Map<string, Run>();
  const moved: string[] = [];
  for (const port of [...ports].sort(comparePorts)) {
    const outside = port.PublicPort ?? 0;
    if (outside > 0 && outside !== port.PrivatePort) {
      // A host port that differs from the container's is shown alone.
      moved.push(`${addressText(port.IP)}${outside}->${port.PrivatePort}/${port.Type}`);
      continue;
    }
    const address = outside > 0 ? (port.IP ?? '') : '';
    const key = `${address}/${port.Type}/${outside > 0}`;
    const run = open.get(key);
    if (run !== undefined && port.PrivatePort === run.last + 1) {
      run.last = port.PrivatePort;
    } else if (run === undefined || port.PrivatePort !== run.last) {
      const first = port.PrivatePort;
      const next = { address, type: port.Type, first, last: first, published: outside > 0 };
      open.set(key, next);
      runs.push(next);
    }
  }
  return [...runs.map(runText), ...moved].join(', ');
}

function runText(run: Run): string {
  const range = run.first === run.last ? `${run.first}` : `${run.first}-${run.last}`;
  const inside = `${range}/${run.type}`;
  return run.published ? `${addressText(run.address)}${range}->${inside}` : inside;
}

function addressText(address: string | undefined): string {
  if (address === undefined || address === '') return '';
  return address.includes(':') ? `[${address}]:` : `${address}:`;
}

function comparePorts(a: Port, b: Port): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compare(a.IP ?? '', b.IP ?? '') ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compare(a.Type, b.Type)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
