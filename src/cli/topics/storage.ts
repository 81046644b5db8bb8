/** `tiffin help storage`. */

export const text = `A container's own files go with it at tiffin rm. What has to stay is in a volume or in a directory of the host.

  tiffin volume create data
  tiffin run -v data:/var/lib/db IMAGE        a volume, filled from the image at its first use (":nocopy" prevents it)
  tiffin run -v /srv/www:/data:ro IMAGE       a directory of the host, read-only
  tiffin run --mount type=bind,src=/srv,dst=/data,readonly IMAGE
                                              the same, but refused when /srv does not exist
  tiffin run --tmpfs /scratch:size=64m IMAGE  memory
  tiffin run --read-only --tmpfs /tmp IMAGE   nothing else can be written
  tiffin cp NAME:/etc/app.conf .              files in and out, of a stopped container too
  tiffin diff NAME                            what it changed of its image

  tiffin system df                            what takes space
  tiffin system prune                         stopped containers, unused networks, dangling images, build cache
  tiffin volume prune                         anonymous volumes that nobody uses; with -a named ones too
  tiffin system fsck                          compares the store with its records
`;
