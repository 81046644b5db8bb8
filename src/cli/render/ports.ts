/** Ports as `ps` shows them: `0.0.0.0:8080->80/tcp, 443/tcp`, neighbours joined to ranges. */

import type { Port } from '../../spec/docker.ts';

interface Run {
  /** Address with `->`-part, without the numbers; what must agree within a range. */
  address: string;
  type: string;
  privateFirst: number;
  privateLast: number;
  publicFirst: number;
  publicLast: number;
}

export function displayPorts(ports: readonly Port[]): string {
  const runs: Run[] = [];
  for (const port of [...ports].sort(comparePorts)) {
    const last = runs.at(-1);
    if (last !== undefined && follows(last, port)) {
      last.privateLast = port.PrivatePort;
      last.publicLast = port.PublicPort ?? 0;
    } else {
      runs.push(startRun(port));
    }
  }
  const published = runs.filter((run) => run.publicFirst > 0);
  const exposed = runs.filter((run) => run.publicFirst === 0);
  return [...exposed, ...published].map(runText).join(', ');
}

function startRun(port: Port): Run {
  const published = port.PublicPort ?? 0;
  return {
    address: published === 0 ? '' : (port.IP ?? ''),
    type: port.Type,
    privateFirst: port.PrivatePort,
    privateLast: port.PrivatePort,
    publicFirst: published,
    publicLast: published,
  };
}

function follows(run: Run, port: Port): boolean {
  const published = port.PublicPort ?? 0;
  const sameKind = run.type === port.Type && published > 0 === run.publicFirst > 0;
  const sameAddress = run.address === (published === 0 ? '' : (port.IP ?? ''));
  // A host port that differs from the container's is shown alone.
  const straight =
    published === 0 || (run.publicFirst === run.privateFirst && published === port.PrivatePort);
  return sameKind && sameAddress && straight && port.PrivatePort === run.privateLast + 1;
}

function runText(run: Run): string {
  const range = (first: number, last: number) => (first === last ? `${first}` : `${first}-${last}`);
  const inside = `${range(run.privateFirst, run.privateLast)}/${run.type}`;
  if (run.publicFirst === 0) return inside;
  const address = run.address.includes(':') ? `[${run.address}]` : run.address;
  return `${address === '' ? '' : `${address}:`}${range(run.publicFirst, run.publicLast)}->${inside}`;
}

function comparePorts(a: Port, b: Port): number {
  return (
    compare(a.Type, b.Type) ||
    compare(a.IP ?? '', b.IP ?? '') ||
    a.PrivatePort - b.PrivatePort ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
