/** The containers' part of the contract: one line per verb. */

import type { Containers } from '../contract.ts';
import { copyIn } from '../copy/copy-in.ts';
import { copyOut } from '../copy/copy-out.ts';
import { pathStat } from '../copy/path-stat.ts';
import type { Parts } from '../parts.ts';
import { announced } from '../prune-event.ts';
import { attachContainer } from './attach.ts';
import { containerChanges } from './changes.ts';
import { commitContainer } from './commit.ts';
import { createContainer } from './create.ts';
import { explainContainer, explainRun } from './explain.ts';
import { exportContainer } from './export.ts';
import { inspectContainer } from './inspect.ts';
import { listContainers } from './list.ts';
import { logAttributes } from './log-attributes.ts';
import { containerLogs } from './logs.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { pruneContainers } from './prune.ts';
import { removeContainer } from './remove.ts';
import { renameContainer } from './rename.ts';
import { resizeContainer } from './resize.ts';
import { startContainer } from './start.ts';
import { containerStats } from './stats.ts';
import { kill, killContainer, restartContainer, stopContainer } from './stop.ts';
import { topContainer } from './top.ts';
import { unlinkContainer } from './unlink.ts';
import { updateContainer } from './update.ts';
import { waitContainer } from './wait.ts';

export function containerVerbs(parts: Parts): Containers {
  return {
    create: (request, name, platform) => createContainer(parts, request, name, platform),
    start: (id) => startContainer(parts, id),
    stop: (id, seconds, signal) => stopContainer(parts, id, seconds, signal),
    restart: (id, seconds, signal) => restartContainer(parts, id, seconds, signal),
    kill: (id, signal) => killContainer(parts, id, signal),
    pause: (id) => pauseContainer(parts, id),
    unpause: (id) => unpauseContainer(parts, id),
    remove: (id, options) => removeContainer(parts, id, options, kill),
    unlink: (name) => unlinkContainer(parts, name),
    rename: (id, name) => renameContainer(parts, id, name),
    update: (id, request) => updateContainer(parts, id, request),
    wait: (id, condition, signal) => waitContainer(parts, id, condition, signal),
    list: (options) => listContainers(parts, options),
    inspect: (id, size) => inspectContainer(parts, id, size),
    top: async (id, psArgs) => topContainer(parts, id, psArgs),
    stats: async (id) => containerStats(parts, id),
    logAttributes: (id) => logAttributes(parts.containers.get(id).definition),
    hasTerminal: (id) => parts.containers.get(id).definition.config.Tty,
    logs: (id, options) => containerLogs(parts, id, options),
    attach: (id, options) => attachContainer(parts, id, options),
    resize: (id, rows, columns) => resizeContainer(parts, id, rows, columns),
    commit: (id, options) => commitContainer(parts, id, options),
    changes: (id) => containerChanges(parts, id),
    pathStat: (id, path) => pathStat(parts, id, path),
    copyOut: (id, path) => copyOut(parts, id, path),
    copyIn: (id, path, archive, options) => copyIn(parts, id, path, archive, options),
    export: (id) => exportContainer(parts, id),
    prune: (filters) => announced(parts, 'container', pruneContainers(parts, filters)),
    explain: async (id) => explainContainer(parts, id),
    explainRun: (request) => explainRun(parts, request),
  };
}
