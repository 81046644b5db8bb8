/** `logs`. */

import { TiffinError } from '../../base/errors.ts';
import type { LogChunk, LogOptions } from '../contract.ts';
import { keepsLog } from '../launch/prepare.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import type { Container } from './container.ts';
import { type LogSource, selectLog } from './read-log.ts';

export async function containerLogs(
  parts: Parts,
  reference: string,
  options: LogOptions,
): Promise<AsyncIterable<LogChunk>> {
  const container = parts.containers.get(reference);
  if (!keepsLog(container.definition.hostConfig.LogConfig)) {
    const message = 'configured logging driver does not support reading';
    throw new TiffinError('unsupported', 'no-log', message);
  }
  if (!options.stdout && !options.stderr) {
    const message = 'Bad parameters: you must choose at least one stream';
    throw new TiffinError('invalid', 'no-stream', message);
  }
  return selectLog(logSource(parts, container), options);
}

/** The log, with the end of the current run as the end of what can be followed. */
export function logSource(parts: Parts, container: Container): LogSource {
  return {
    path: containerPaths(parts.paths, container.id).log,
    nextEnd: () => (container.isRunning ? container.nextExit() : undefined),
  };
}
