/** What every verb of the OCI command line gets. */

export interface OciContext {
  /** Holds one directory per container. */
  root: string;
  /** Command line of this program up to `oci`, for what has to call back. */
  self: readonly string[];
  /** The global flags as given, repeated when calling back. */
  globalFlags: readonly string[];
  /** `linux.cgroupsPath` is systemd's notation `slice:prefix:name`. */
  systemdCgroup: boolean;
  /** Whether a container may do without a cgroup where the caller may not make any; undefined: unless the caller is root. */
  rootless: boolean | undefined;
  /** The container stays in the caller's cgroups, as if it could not make any. */
  noCgroups: boolean;
  environment: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
  print: (text: string) => void;
  warn: (message: string) => void;
  /** Only when records of that level are wanted. */
  debug?: (message: string) => void;
}
