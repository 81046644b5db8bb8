/** Everything that is mounted into a container: `-v`, `--mount`, `--tmpfs`, `--volumes-from`, and the image's VOLUMEs. */

import { statSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig } from '../../spec/docker.ts';
import { checkTarget, parseBindText } from './bind-text.ts';
import { fromMount } from './from-mount.ts';
import { type IdMap, type Owner, parseIdMap } from './idmap.ts';
import { type MountRecord, mountRecord } from './mount-record.ts';
import { type MountSources, volumeMount } from './mount-sources.ts';
import { parseTmpfsOptions } from './tmpfs-options.ts';

/** Volumes are made on the way; the caller removes the anonymous ones if the creation fails later. */
export function resolveMounts(
  config: ContainerConfig,
  host: HostConfig,
  sources: MountSources,
): MountRecord[] {
  const mounts = new Map<string, MountRecord>();
  const explicit = [
    ...host.Binds.map((text) => fromBind(text, { config, driver: host.VolumeDriver, sources })),
    ...host.Mounts.map((mount) => fromMount(mount, sources)),
    ...Object.entries(host.Tmpfs).map(([target, options]) => fromTmpfs(target, options)),
  ];
  for (const mount of explicit) {
    if (mounts.has(mount.destination)) {
      const message = `Duplicate mount point: ${mount.destination}`;
      throw new TiffinError('invalid', 'duplicate-mount', message);
    }
    mounts.set(mount.destination, mount);
  }
  const inherited = host.VolumesFrom.flatMap((text) => fromContainer(text, sources));
  for (const mount of inherited) {
    if (!mounts.has(mount.destination)) mounts.set(mount.destination, mount);
  }
  for (const path of Object.keys(config.Volumes)) {
    const target = checkTarget(path, path);
    if (!mounts.has(target)) mounts.set(target, anonymous(target, host.VolumeDriver, sources));
  }
  return [...mounts.values()];
}

interface BindContext {
  config: ContainerConfig;
  driver: string;
  sources: MountSources;
}

function fromBind(text: string, { config, driver, sources }: BindContext): MountRecord {
  const bind = parseBindText(text);
  const { readOnly, mode } = bind;
  if (bind.source.startsWith('/')) {
    // As Docker: a missing source of `-v` is made, of `--mount` it is not.
    if (!exists(bind.source)) sources.makeDirectory(bind.source);
    const mount = mountRecord({
      type: 'bind',
      source: bind.source,
      destination: bind.target,
      readOnly,
      readOnlySubmounts: true,
      mode,
      propagation: bind.propagation || 'rprivate',
    });
    return { ...mount, ...mapped(bind.idmap, bind.source, config, sources) };
  }
  const volume = sources.ensureVolume({
    Name: bind.source,
    Driver: driver,
    DriverOpts: {},
    Labels: Object.create(null),
  });
  const source = sources.volumePath(volume.name);
  return {
    ...volumeMount(volume, bind.target, sources),
    readOnly,
    // What Docker shows of a volume without options.
    mode: mode === '' ? 'z' : mode,
    copyUp: !bind.noCopy,
    ...mapped(bind.idmap, source, config, sources),
  };
}

function mapped(
  value: string | undefined,
  source: string,
  config: ContainerConfig,
  sources: MountSources,
): { idmap?: IdMap } {
  if (value === undefined) return {};
  const idmap = parseIdMap(value, sources.ownerOf(source), ownerInside(config.User, value));
  return idmap === undefined ? {} : { idmap };
}

/** Names are looked up in the container only, where no mapping can be made any more. */
function ownerInside(user: string, value: string): Owner {
  if (value !== '' || user === '' || user === 'root') return { uid: 0, gid: 0 };
  const [uid = '', gid = '0'] = user.split(':');
  if (!/^[0-9]{1,10}$/.test(uid) || !/^[0-9]{1,10}$/.test(gid)) {
    const shown = JSON.stringify(user.slice(0, 80));
    throw new TiffinError('invalid', 'bad-idmap', `idmap needs a user by number, not ${shown}`, {
      hint: 'give --user UID:GID, or the mapping itself: idmap=uids=FROM-TO-LENGTH',
    });
  }
  return { uid: Number(uid), gid: Number(gid) };
}

function fromTmpfs(target: string, options: string): MountRecord {
  return mountRecord({
    type: 'tmpfs',
    source: '',
    destination: checkTarget(target, target),
    options: parseTmpfsOptions(options === '' ? [] : options.split(',')),
  });
}

function fromContainer(text: string, sources: MountSources): MountRecord[] {
  const colon = text.lastIndexOf(':');
  const mode = colon < 0 ? '' : text.slice(colon + 1);
  const words = mode === '' ? [] : mode.split(',');
  const known = words.every((word) => ['ro', 'rw', 'z', 'Z'].includes(word));
  if (text === '' || colon === 0 || !known || (words.includes('ro') && words.includes('rw'))) {
    const message = `invalid mode for volumes-from: ${mode.slice(0, 80)}`;
    throw new TiffinError('invalid', 'bad-volumes-from', message);
  }
  const mounts = sources.mountsOf(colon < 0 ? text : text.slice(0, colon));
  return mounts
    .filter((mount) => mount.type === 'bind' || mount.type === 'volume')
    .map((mount) => ({
      ...mount,
      readOnly: mount.readOnly || words.includes('ro'),
      // The volume belongs to the container it was made for.
      anonymous: false,
    }));
}

function anonymous(target: string, driver: string, sources: MountSources): MountRecord {
  const request = { Name: '', Driver: driver, DriverOpts: {}, Labels: Object.create(null) };
  return volumeMount(sources.ensureVolume(request), target, sources);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
