/** A mount of a container as its record keeps it: everything is decided, nothing is looked up again at a start. */

import type { MountPoint } from '../../spec/docker.ts';
import type { IdMap } from './idmap.ts';

export interface MountRecord {
  type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Of the volume; of an image what the request called it. */
  name?: string;
  /** Host path; empty for tmpfs and images. */
  source: string;
  destination: string;
  readOnly: boolean;
  /** The option text of `-v`, for inspection. */
  mode: string;
  /** `rprivate`, `rshared`, …; empty for volumes and tmpfs. */
  propagation: string;
  /** Submounts come along. */
  recursive: boolean;
  /** A read-only mount makes its submounts read-only too. */
  readOnlySubmounts: boolean;
  /** The image's content at the destination fills the volume while it is empty. */
  copyUp: boolean;
  /** The volume goes with the container when volumes are asked to. */
  anonymous: boolean;
  /** Further mount(8) options of a tmpfs. */
  options: string[];
  /** Only this is shown of a volume or an image: relative, looked up at each start. */
  subpath?: string;
  /** Id of the image. */
  image?: string;
  /** Files seem to belong to others. */
  idmap?: IdMap;
}

export function mountRecord(
  fields: Pick<MountRecord, 'type' | 'source' | 'destination'> & Partial<MountRecord>,
): MountRecord {
  return {
    readOnly: false,
    mode: '',
    propagation: fields.type === 'bind' ? 'rprivate' : '',
    recursive: fields.type === 'bind',
    readOnlySubmounts: false,
    copyUp: false,
    anonymous: false,
    options: [],
    ...fields,
  };
}

/** As `docker inspect` shows it. */
export function mountPoint(mount: MountRecord): MountPoint {
  const volume =
    mount.type === 'volume'
      ? { Name: mount.name ?? '', Driver: 'local' }
      : mount.type === 'image'
        ? { Name: mount.name ?? '' }
        : {};
  return {
    Type: mount.type,
    ...volume,
    Source: mount.source,
    Destination: mount.destination,
    Mode: mount.mode,
    RW: !mount.readOnly,
    Propagation: mount.propagation,
  };
}
