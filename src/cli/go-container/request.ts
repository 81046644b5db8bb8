/** What go-container asks of the engine. */

import type { CreateRequest } from '../container/create-request.ts';
import { terminalSize } from '../streams/terminal.ts';
import { BRIDGE } from './bridge.ts';
import type { GoOptions } from './options.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface NewContainer {
  /** The host name too. */
  id: string;
  /** The engine's name for it. */
  image: string;
  tty: boolean;
  /** Undefined: any free one. */
  address: string | undefined;
}

export function goRequest(
  { command, cpuShares, memory, userNamespace }: GoOptions,
  { id, image, tty, address }: NewContainer,
): CreateRequest {
  const size = tty ? terminalSize() : undefined;
  return {
    Image: image,
    Cmd: command,
    Hostname: id,
    Env: environment(id),
    Tty: tty,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      CgroupParent: '/go_containers',
      CpuShares: cpuShares,
      Memory: memory,
      NetworkMode: BRIDGE,
      UsernsMode: userNamespace,
      ...(size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }),
    },
    NetworkingConfig: {
      EndpointsConfig: {
        [BRIDGE]: address === undefined ? {} : { IPAMConfig: { IPv4Address: address } },
      },
    },
  };
}

/** Nothing of the caller's. The shell in the container fills the prompt in. */
function environment(id: string): string[] {
  return ['USER=root', 'HOME=/root', `HOSTNAME=${id}`, 'PS1=$USER@$HOSTNAME$ ', `PATH=${PATH}`];
}
