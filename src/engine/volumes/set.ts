/** Named volumes: directories `<data root>/volumes/<name>/_data` that live longer than containers. */

import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { newId, randomSuffix } from '../../base/ids.ts';
import type { Database } from '../../host/database.ts';
import type { Volume, VolumeCreateRequest } from '../../spec/docker.ts';
import { isContainerName } from '../containers/names.ts';
import type { EventBus } from '../events.ts';
import type { Paths } from '../paths.ts';
import { formatTime, nowNs } from '../time.ts';
import { validateDriverOptions } from './local-driver.ts';
import { isMountPoint } from './mount-points.ts';
import { type VolumeRecord, VolumeTable } from './table.ts';

export interface VolumeSetOptions {
  database: Database;
  paths: Paths;
  events: EventBus;
  /** Containers, running or not, that mount the volume. */
  usersOf: (volume: string) => string[];
}

export class VolumeSet {
  readonly #table: VolumeTable;
  readonly #options: VolumeSetOptions;

  constructor(options: VolumeSetOptions) {
    this.#table = new VolumeTable(options.database);
    this.#options = options;
  }

  /** The one with this name, made when it is absent. An empty name makes an anonymous one. */
  ensure(request: VolumeCreateRequest): VolumeRecord {
    if (request.Driver !== '' && request.Driver !== 'local') {
      const message = `error looking up volume plugin ${request.Driver}: plugin "${request.Driver}" not found`;
      throw new TiffinError('not-found', 'no-such-volume-driver', message);
    }
    if (request.Name !== '') checkName(request.Name);
    validateDriverOptions(request.Name, request.DriverOpts);
    const present = this.#table.get(request.Name);
    return present ?? this.#make(request);
  }

  find(name: string): VolumeRecord | undefined {
    return this.#table.get(name);
  }

  get(name: string): VolumeRecord {
    const record = this.#table.get(name);
    if (record === undefined) {
      throw new TiffinError('not-found', 'no-such-volume', `get ${name}: no such volume`);
    }
    return record;
  }

  all(): VolumeRecord[] {
    return this.#table.all();
  }

  usersOf(name: string): string[] {
    return this.#options.usersOf(name);
  }

  /**
   * Refuses a volume that a container mounts. The directory goes first: after a crash between the two `forgetLost`
   * finishes the removal, and a lost database never costs a volume.
   */
  remove(name: string, force: boolean): void {
    if (this.#table.get(name) === undefined) {
      if (force) return;
      throw new TiffinError('not-found', 'no-such-volume', `get ${name}: no such volume`);
    }
    const users = this.usersOf(name);
    if (users.length > 0) {
      const message = `remove ${name}: volume is in use - [${users.join(', ')}]`;
      throw new TiffinError('conflict', 'volume-in-use', message);
    }
    // What is emptied later must never be somebody else's files.
    if (isMountPoint(this.path(name))) throw stillMounted(name);
    const { paths, events } = this.#options;
    renameSync(join(paths.volumes, name), join(paths.trash, randomSuffix()));
    this.#table.delete(name);
    events.emit('volume', 'destroy', name, { driver: 'local' });
  }

  /** Drops the rows of volumes whose removal was cut short. */
  forgetLost(): void {
    for (const { name } of this.#table.all()) {
      if (!existsSync(this.path(name))) this.#table.delete(name);
    }
  }

  path(name: string): string {
    return join(this.#options.paths.volumes, name, '_data');
  }

  #make(request: VolumeCreateRequest): VolumeRecord {
    const record: VolumeRecord = {
      name: request.Name === '' ? newId() : request.Name,
      created: formatTime(nowNs()),
      anonymous: request.Name === '',
      labels: request.Labels,
      options: request.DriverOpts,
    };
    const { paths, events } = this.#options;
    // What users of a container may enter is decided by the modes inside; nobody else on the host may (CVE-2021-41091).
    mkdirSync(join(paths.volumes, record.name), { recursive: true, mode: 0o701 });
    mkdirSync(this.path(record.name), { recursive: true, mode: 0o755 });
    this.#table.insert(record);
    events.emit('volume', 'create', record.name, { driver: 'local' });
    return record;
  }
}

function stillMounted(name: string): TiffinError {
  const message = `remove ${name}: volume is still mounted`;
  return new TiffinError('conflict', 'volume-in-use', message);
}

function checkName(name: string): void {
  if (isContainerName(name)) return;
  const shown = JSON.stringify(name.slice(0, 120));
  throw new TiffinError(
    'invalid',
    'bad-volume-name',
    `create ${name.slice(0, 120)}: ${shown} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

/** As the API shows it. */
export function toVolume(record: VolumeRecord, path: string): Volume {
  return {
    Name: record.name,
    Driver: 'local',
    Mountpoint: path,
    CreatedAt: record.created,
    Labels: record.anonymous
      ? { 'com.docker.volume.anonymous': '', ...record.labels }
      : record.labels,
    Scope: 'local',
    Options: record.options,
  };
}
