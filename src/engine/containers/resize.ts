/** `resize`. */

import { TiffinError } from '../../base/errors.ts';
import type { Parts } from '../parts.ts';
import { emitContainer } from './container-events.ts';

export async function resizeContainer(
  parts: Parts,
  reference: string,
  rows: number,
  columns: number,
): Promise<void> {
  const container = parts.containers.get(reference);
  if (container.monitor === undefined) {
    const message = `container ${container.id} is not running`;
    throw new TiffinError('conflict', 'not-running', message);
  }
  await container.monitor.resize(rows, columns);
  emitContainer(parts, container, 'resize', { height: String(rows), width: String(columns) });
}
