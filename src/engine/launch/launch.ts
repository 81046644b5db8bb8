/** One start of a container: reserve, plan, launch, and leave nothing behind if it fails. */

import { mkdirSync } from 'node:fs';
import type { TiffinError } from '../../base/errors.ts';
import { cgroupPaths } from '../../cgroup/index.ts';
import type { LaunchFailure } from '../../host/launcher.ts';
import type { Monitor } from '../../host/monitor.ts';
import type { Endpoint, Protocol } from '../../network/index.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan } from '../../plan/ops.ts';
import { errnoName as errnoOfNumber } from '../../runtime/errno.ts';
import { wordFailure } from '../../runtime/failure.ts';
import type { Container } from '../containers/container.ts';
import type { Definition } from '../containers/record.ts';
import { toPortRequests } from '../networks/ports.ts';
import type { Parts } from '../parts.ts';
import { runPaths } from '../paths.ts';
import { cgroupPath } from '../spec/index.ts';
import { checkPropagation } from './check-propagation.ts';
import { connectAll } from './endpoints.ts';
import { writeEtcFiles } from './etc-files.ts';
import { injectedFault } from './fault.ts';
import { imagesOf } from './mount-steps.ts';
import { prepareLaunch } from './prepare.ts';
import { keepTeardown, removeRunDirectory, runTeardown } from './teardown.ts';

/** How many host ports in a row may turn out to be taken by somebody outside of this engine. */
const MAX_PORT_CHOICES = 16;
/** ENOENT: no such table; ENODEV, and EINVAL for what is to join it: no such bridge. */
const GONE: ReadonlySet<number> = new Set([2, 19, 22]);

export interface Launched {
  monitor: Monitor;
  endpoints: Endpoint[];
}

/** The container's phase is `starting`. Throws the worded failure with everything undone. */
export async function launch(parts: Parts, container: Container): Promise<Launched> {
  for (let choice = 1; ; choice += 1) {
    const endpoints = await connectAll(parts, container.definition);
    try {
      return { monitor: await launchOnce(parts, container, endpoints), endpoints };
    } catch (error) {
      parts.networks.disconnect(container.id);
      if (error instanceof NetworkGone && choice === 1) parts.networkSetup.forget();
      else if (!(error instanceof PortTaken) || choice === MAX_PORT_CHOICES) throw unwrap(error);
    }
  }
}

/** A failure that another try may not have; `worded` is what the user gets if it does. */
class Passing extends Error {
  readonly worded: TiffinError;

  constructor(worded: TiffinError) {
    super(worded.message);
    this.worded = worded;
  }
}

/** An ephemeral port that was free in our books but is taken on the machine: another one will do. */
class PortTaken extends Passing {}

/** Somebody flushed the firewall or removed the bridge since it was made. */
class NetworkGone extends Passing {}

function unwrap(error: unknown): unknown {
  return error instanceof Passing ? error.worded : error;
}

async function launchOnce(
  parts: Parts,
  container: Container,
  endpoints: Endpoint[],
): Promise<Monitor> {
  const { definition } = container;
  const run = runPaths(parts.paths.runContainers, container.id);
  writeEtcFiles(parts, container, endpoints);
  checkPropagation(definition.mounts);
  const plan = prepareLaunch(parts, definition, endpoints);
  mkdirSync(run.directory, { mode: 0o700 });
  let answered = false;
  try {
    keepTeardown(run, plan);
    const bytes = encodePlan(plan, injectedFault());
    await parts.launcher.hold(imagesOf(definition).flatMap((id) => parts.images.layersOf(id)));
    const result = await parts.launcher.launch(bytes, { subscribe: container.hub.mask });
    answered = true;
    container.explanation = { plan, durations: result.durations };
    if (result.ok) return result.monitor;
    container.explanation.failed = {
      index: result.failure.opIndex,
      errno: errnoOfNumber(result.failure.errno),
    };
    throw toError(parts, plan, result.failure, definition);
  } catch (error) {
    // A launch that nobody answered for may have come to anything.
    if (answered) removeRunDirectory(run);
    else await runTeardown(parts.launcher, run);
    throw error;
  }
}

function toError(parts: Parts, plan: Plan, failure: LaunchFailure, definition: Definition): Error {
  const worded = wordFailure(plan, failure);
  const { stage, op } = plan[failure.opIndex] ?? {};
  if (stage === 'beside' && op?.op === 'netlink' && GONE.has(failure.errno)) {
    return new NetworkGone(worded);
  }
  if (op?.op !== 'reserve-port' || worded.code !== 'port-in-use') return worded;
  const port = {
    protocol: protocolName(op.protocol),
    hostAddress: op.address,
    hostPort: op.port,
  };
  const taken = parts.networks.portTaken(port, definition.name);
  const askedFor = toPortRequests(definition.hostConfig.PortBindings).some(
    (request) => request.hostPort === op.port && request.hostPortEnd === undefined,
  );
  return askedFor ? taken : new PortTaken(taken);
}

/** IPPROTO_* of ip(7). */
function protocolName(number: number): Protocol {
  return number === 17 ? 'udp' : number === 132 ? 'sctp' : 'tcp';
}

/** Where the container's cgroup is, for what happens while it runs. */
export function runningCgroup(parts: Parts, container: Container) {
  return cgroupPaths(parts.facts, cgroupPath(container.definition.hostConfig, container.id));
}
