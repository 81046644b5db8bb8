/** Where everything lies below the data root and the exec root (design, section «On disk»). */

import { join } from 'node:path';

export interface Paths {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly database: string;
  readonly lock: string;
  /** Directories on their way out; emptied in the background and at every start. */
  readonly trash: string;
  readonly containers: string;
  readonly volumes: string;
  readonly runContainers: string;
  readonly runExecs: string;
  readonly launcherSocket: string;
}

export function layOut(dataRoot: string, execRoot: string): Paths {
  return {
    dataRoot,
    execRoot,
    database: join(dataRoot, 'tiffin.db'),
    lock: join(dataRoot, 'lock.db'),
    trash: join(dataRoot, 'trash'),
    containers: join(dataRoot, 'containers'),
    volumes: join(dataRoot, 'volumes'),
    runContainers: join(execRoot, 'containers'),
    runExecs: join(execRoot, 'execs'),
    launcherSocket: join(execRoot, 'launcher.sock'),
  };
}

/** The files of one container below the data root. */
export interface ContainerPaths {
  readonly directory: string;
  readonly upper: string;
  readonly work: string;
  readonly mountpoint: string;
  readonly log: string;
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
  readonly explain: string;
  /** Mount point of shared memory that other containers may join. */
  readonly shm: string;
}

export function containerPaths(paths: Paths, id: string): ContainerPaths {
  const directory = join(paths.containers, id);
  return {
    directory,
    upper: `${directory}/upper`,
    work: `${directory}/work`,
    mountpoint: `${directory}/root`,
    log: `${directory}/log`,
    hosts: `${directory}/hosts`,
    hostname: `${directory}/hostname`,
    resolvConf: `${directory}/resolv.conf`,
    explain: `${directory}/explain.json`,
    shm: `${directory}/shm`,
  };
}

/** The files of one running container or exec, gone with it. */
export interface RunPaths {
  readonly directory: string;
  readonly attach: string;
  readonly exit: string;
  /** What has to be undone if the monitor cannot do it any more: an encoded plan. */
  readonly teardown: string;
}

export function runPaths(parent: string, id: string): RunPaths {
  const directory = join(parent, id);
  return {
    directory,
    attach: `${directory}/attach.sock`,
    exit: `${directory}/exit`,
    teardown: `${directory}/teardown`,
  };
}
