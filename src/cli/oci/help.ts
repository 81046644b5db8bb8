/** The texts of `--help` and `--version`. */

import { version } from '../../../package.json';

export const VERSION = `tiffin version ${version}\nspec: 1.3.0\n`;

export const HELP = `Usage: tiffin oci [global options] <command> [options] [arguments]

An OCI runtime: runs bundles as the runtime specification 1.3.0 says.

Commands:
  create [-b DIR] [--console-socket PATH] [--pid-file FILE] [--preserve-fds N] <id>
  start <id>              run the program of a created container
  run [-d] [-b DIR] [--keep] … <id>
                          create and start; in the foreground ends with the container's status
  exec [-t] [-d] [-u UID[:GID]] [-e NAME=VALUE] [--cwd DIR] [--cap CAP] [-p FILE] <id> <command> [arguments]
  state <id>              its state document
  kill [--all] <id> [signal]
  delete [--force] <id>
  list [-f table|json] [-q]
  ps [-f table|json] <id> [ps options]
  pause <id>, resume <id>
  update [-r FILE] [--memory N] [--cpu-quota N] [--pids-limit N] … <id>
  spec [-b DIR] [--rootless]
                          write a config.json to start from
  features                what this runtime can do

Global options:
  --root DIR              where the state of containers is kept
  --log FILE, --log-format text|json
  --systemd-cgroup        cgroupsPath is slice:prefix:name
  --debug, --rootless     accepted
  --version, --help
`;
