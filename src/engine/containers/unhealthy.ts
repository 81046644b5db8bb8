/**
 * What follows when a container becomes unhealthy: the annotation `tiffin.on-unhealthy`, which `--on-unhealthy` sets.
 * An annotation, because the API's health check has no field for it and every client can send one.
 */

import { TiffinError } from '../../base/errors.ts';
import type { HostConfig } from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import { restartContainer, stopContainer } from './stop.ts';

export const ON_UNHEALTHY = 'tiffin.on-unhealthy';

const SIGKILL = 9;

const ACTIONS = ['none', 'restart', 'stop', 'kill'] as const;
export type UnhealthyAction = (typeof ACTIONS)[number];

/** Throws `invalid` for a word that is no action. */
export function unhealthyAction(host: Pick<HostConfig, 'Annotations'>): UnhealthyAction {
  const asked = new Map(Object.entries(host.Annotations)).get(ON_UNHEALTHY) ?? 'none';
  const action = ACTIONS.find((candidate) => candidate === asked);
  if (action !== undefined) return action;
  throw new TiffinError(
    'invalid',
    'bad-unhealthy-action',
    `annotation ${ON_UNHEALTHY} must be one of ${ACTIONS.join(', ')}, not ${JSON.stringify(asked.slice(0, 64))}`,
  );
}

/** Follows the containers' health for as long as the engine lives. */
export function actOnUnhealthy(parts: Parts): void {
  parts.events.watch(({ Type, Action, Actor }) => {
    if (Type !== 'container' || Action !== 'health_status: unhealthy') return;
    const container = parts.containers.find(Actor.ID);
    if (container === undefined || parts.background.isClosed) return;
    const action = unhealthyAction(container.definition.hostConfig);
    if (action === 'none') return;
    parts.background.run(`${action} of the unhealthy container ${container.id}`, () =>
      ACT[action](parts, container),
    );
  });
}

const ACT: Readonly<
  Record<Exclude<UnhealthyAction, 'none'>, (parts: Parts, container: Container) => Promise<void>>
> = {
  restart: (parts, { id }) => restartContainer(parts, id, undefined, undefined),
  stop: (parts, { id }) => stopContainer(parts, id, undefined, undefined),
  // Its end is a crash to the restart policy, which decides what follows.
  kill: async (_parts, container) => container.monitor?.signal(SIGKILL),
};
