/** `ps`: the processes of a container, as the host sees them. */

import { TiffinError } from '../../base/errors.ts';
import { cgroupProcesses } from '../../cgroup/index.ts';
import type { OciContext } from '../context.ts';
import { find } from './state.ts';

export interface PsOptions {
  id: string;
  format: 'table' | 'json';
  /** Arguments of ps(1); default `-ef`. */
  args: readonly string[];
}

export function ps(options: PsOptions, context: OciContext): void {
  const { record } = find(options.id, context);
  const pids = cgroupProcesses(record.cgroups);
  if (options.format === 'json') {
    context.print(`${JSON.stringify(pids)}\n`);
    return;
  }
  context.print(selectRows(runPs(options.args), new Set(pids.map(String))));
}

function runPs(args: readonly string[]): string {
  const result = Bun.spawnSync({ cmd: ['ps', ...(args.length === 0 ? ['-ef'] : args)] });
  if (result.exitCode === 0) return result.stdout.toString();
  throw new TiffinError('invalid', 'ps-failed', `ps: ${result.stderr.toString().trim()}`);
}

/** The head and the rows whose PID column is one of `pids`. */
export function selectRows(text: string, pids: ReadonlySet<string>): string {
  const [head = '', ...rows] = text.split('\n');
  const column = head.trim().split(/\s+/).indexOf('PID');
  if (column < 0) throw new TiffinError('invalid', 'ps-failed', 'ps: its output has no PID column');
  const kept = rows.filter((row) => pids.has(row.trim().split(/\s+/)[column] ?? ''));
  return `${[head, ...kept].join('\n')}\n`;
}
