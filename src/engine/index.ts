/** The engine of one data root: opens everything, takes over what runs, and puts the verbs behind the contract. */

import { mkdirSync } from 'node:fs';
import { TiffinError } from '../base/errors.ts';
import { openDatabase } from '../host/database.ts';
import { hostFacts } from '../host/facts.ts';
import { shimPath } from '../host/shim-binary.ts';
import { type DefaultNetwork, openNetworks } from '../network/index.ts';
import { encodePlan } from '../plan/encode.ts';
import { openStore } from '../store/index.ts';
import { adopt, forgetRestarts, loadContainers, startByPolicy } from './adopt.ts';
import { Background } from './background.ts';
import { CacheTable } from './build/cache-table.ts';
import { BuildRoom } from './build/room.ts';
import { buildVerbs } from './build/verbs.ts';
import { ContainerSet } from './containers/set.ts';
import { ContainerTable } from './containers/table.ts';
import { actOnUnhealthy } from './containers/unhealthy.ts';
import { containerVerbs } from './containers/verbs.ts';
import type { Engine } from './contract.ts';
import { EventJournal } from './event-journal.ts';
import { EventBus } from './events.ts';
import { ExecSet } from './execs/set.ts';
import { execVerbs } from './execs/verbs.ts';
import { ImageRoom } from './images/room.ts';
import { imageVerbs } from './images/verbs.ts';
import { LauncherKeeper } from './launch/launcher-keeper.ts';
import { imagesOf } from './launch/mount-steps.ts';
import { lockDataRoot } from './lock.ts';
import { Deliveries } from './logs/deliveries.ts';
import { NetworkSetup } from './networks/setup.ts';
import { networkVerbs } from './networks/verbs.ts';
import { watchNetworks } from './networks/watch.ts';
import type { Parts } from './parts.ts';
import { layOut, type Paths } from './paths.ts';
import { DEFAULT_SETTINGS, type EngineSettings } from './settings.ts';
import { systemVerbs } from './system/verbs.ts';
import { Trash } from './trash.ts';
import { VolumeSet } from './volumes/set.ts';
import { volumeVerbs } from './volumes/verbs.ts';

export interface EngineOptions {
  /** Images, containers, volumes, database; 0700. */
  dataRoot: string;
  /** Sockets and exit records: below /run, gone with a reboot. */
  execRoot: string;
  /** Path of the shim; the embedded one when absent. */
  shim?: string;
  settings?: Partial<EngineSettings>;
  /** How the default network is made. */
  defaultNetwork?: DefaultNetwork;
  /** False: the host's forwarding of packets is left as it is. */
  forward?: boolean;
  /** False: containers that a policy would start stay stopped. */
  restart?: boolean;
}

/** Throws `conflict` when another engine uses the data root, `denied` when a directory cannot be made. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  requireRoot();
  const paths = layOut(options.dataRoot, options.execRoot);
  makeDirectories(paths);
  const lock = lockDataRoot(paths.lock, paths.dataRoot);
  try {
    const parts = await openParts(paths, options);
    loadContainers(parts);
    actOnUnhealthy(parts);
    const restart = options.restart !== false;
    await adopt(parts, restart);
    await configureDefaultNetwork(parts, options.defaultNetwork ?? {});
    deliverRest(parts);
    watchNetworks(parts);
    if (restart) startByPolicy(parts);
    else forgetRestarts(parts);
    return toEngine(parts, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Before anything is made: mounts, cgroups and links of the host are root's. */
function requireRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new TiffinError('denied', 'not-root', 'the engine must run as root', {
    hint: 'start it with sudo; `tiffin oci run` runs a bundle for an ordinary user',
  });
}

/** Owner-only from the top: what is inside has the modes that containers want (CVE-2021-41091). */
function makeDirectories(paths: Paths): void {
  for (const root of [paths.dataRoot, paths.execRoot])
    mkdirSync(root, { recursive: true, mode: 0o700 });
  const inside = [
    paths.containers,
    paths.volumes,
    paths.trash,
    paths.runContainers,
    paths.runExecs,
  ];
  for (const directory of inside) mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/** After the look at what runs: only a network without containers can get other addresses. */
async function configureDefaultNetwork(parts: Parts, wish: DefaultNetwork): Promise<void> {
  const teardown = parts.networks.configureDefault(wish);
  if (teardown.length > 0) await parts.launcher.apply(encodePlan(teardown));
}

async function openParts(paths: Paths, options: EngineOptions): Promise<Parts> {
  const shim = options.shim ?? shimPath(paths.execRoot);
  const database = openDatabase(paths.database);
  const containers = new ContainerSet();
  const events = new EventBus(new EventJournal(database));
  const background = new Background();
  const table = new ContainerTable(database);
  const starting = LauncherKeeper.start(shim, paths.launcherSocket);
  const steps = new CacheTable(database);
  const [launcher, store] = await Promise.all([
    starting,
    openStore({
      root: paths.dataRoot,
      database,
      shim,
      keptLayers: () => steps.layers(),
      usedImages: () => table.all().flatMap(({ definition }) => imagesOf(definition)),
      layerRemoved: (path) =>
        void starting.then(
          (keeper) => keeper.drop(path),
          () => undefined,
        ),
    }),
  ]);
  const trash = new Trash(paths.trash, background);
  const networks = openNetworks({
    database,
    dataRoot: paths.dataRoot,
    forward: options.forward !== false,
  });
  networks.ensureDefault();
  const usersOf = (volume: string): string[] =>
    containers
      .all()
      .filter(({ definition }) => definition.mounts.some((mount) => mount.name === volume))
      .map((container) => container.id);
  return {
    paths,
    settings: { ...DEFAULT_SETTINGS, ...options.settings },
    shim,
    facts: hostFacts(),
    database,
    launcher,
    store,
    networks,
    networkSetup: new NetworkSetup(networks, launcher),
    events,
    table,
    containers,
    execs: new ExecSet(),
    volumes: new VolumeSet({ database, paths, events, usersOf }),
    images: new ImageRoom(store),
    background,
    deliveries: new Deliveries(paths, shim),
    trash,
    builds: new BuildRoom({ paths, store, trash }, steps),
  };
}

/** What an engine before did not hand on of containers that do not run any more. */
function deliverRest(parts: Parts): void {
  for (const container of parts.containers.all()) {
    if (!container.isRunning) parts.deliveries.start(container);
  }
}

function toEngine(parts: Parts, lock: Disposable): Engine {
  return {
    containers: containerVerbs(parts),
    execs: execVerbs(parts),
    images: imageVerbs(parts),
    builds: buildVerbs(parts),
    volumes: volumeVerbs(parts),
    networks: networkVerbs(parts),
    system: systemVerbs(parts),
    close: () => close(parts, lock),
  };
}

/** Containers run on, builds end; what nobody needs any more of the host's network goes. */
async function close(parts: Parts, lock: Disposable): Promise<void> {
  for (const container of parts.containers.all()) {
    container.health?.stop();
    clearTimeout(container.restart?.timer);
  }
  await parts.deliveries.close();
  await parts.builds.close();
  await parts.background.close();
  for (const container of parts.containers.all()) container.monitor?.close();
  const release = parts.networks.hostRelease();
  if (release.length > 0) await parts.launcher.apply(encodePlan(release));
  await parts.launcher.close();
  await parts.store.close();
  parts.events.close();
  parts.database[Symbol.dispose]();
  lock[Symbol.dispose]();
}
