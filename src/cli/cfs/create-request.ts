/** What a cfs container is for the engine: its command, every namespace its own, root in `/`. */

export interface CfsContainer {
  /** As the user calls it. */
  image: string;
  command: readonly string[];
  tty: boolean;
  stdin: boolean;
  autoRemove: boolean;
  labels: Readonly<Record<string, string>>;
}

const STOP_SECONDS = 3;

/** Labels by which cfs knows its containers. */
export const labels = {
  image: 'tiffin.cfs.image',
  id: 'tiffin.cfs.id',
  command: 'tiffin.cfs.command',
  /** The state directory of the server it belongs to. */
  server: 'tiffin.cfs.server',
} as const;

/** The body of a create request. `engineImage`: its name in the engine; `host`: more of its HostConfig. */
export function createRequest(
  container: CfsContainer,
  engineImage: string,
  host: object = {},
): object {
  return {
    Image: engineImage,
    Cmd: container.command,
    User: '0:0',
    WorkingDir: '/',
    // The command is pid 1, which SIGTERM ends only if it asks for it.
    StopTimeout: STOP_SECONDS,
    Tty: container.tty,
    OpenStdin: container.stdin,
    StdinOnce: container.stdin,
    AttachStdin: container.stdin,
    AttachStdout: true,
    AttachStderr: true,
    Labels: { [labels.image]: container.image, ...container.labels },
    HostConfig: {
      AutoRemove: container.autoRemove,
      ...host,
    },
  };
}
