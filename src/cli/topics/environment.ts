/** `tiffin help environment`. */

export const text = `  TIFFIN_HOST        the engine's socket, unix:///path; -H and --context come before it
  DOCKER_HOST        the same, after TIFFIN_HOST; unix sockets only
  DOCKER_CONTEXT     a context by name, when no host is given
  DOCKER_CONFIG      the directory of config.json and contexts, ~/.docker without it; --config comes before it
  TIFFIN_REGISTRIES  read by the engine: a file instead of /etc/tiffin/registries.json
  CFS_IMAGES         read by cfs: the folder of root file systems, ./OSimages without it
  CFS_STATE          read by cfs server: where its history is kept
  SOURCE_DATE_EPOCH  read by build: the time of what is built
  SSH_AUTH_SOCK      read by build --ssh
  TZ                 the zone in which times are shown

run -e NAME hands a variable of the caller over to the container. Output has no colours; progress is drawn on a terminal only.
`;
