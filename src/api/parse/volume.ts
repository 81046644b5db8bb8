/** The body of `POST /volumes/create`. */

import type { VolumeCreateRequest } from '../../spec/docker.ts';
import { optionalBodyObject, text, textMap } from './fields.ts';

export function parseVolumeCreate(value: unknown): VolumeCreateRequest {
  const body = optionalBodyObject(value);
  return {
    Name: text(body, 'Name'),
    Driver: text(body, 'Driver'),
    DriverOpts: textMap(body, 'DriverOpts'),
    Labels: textMap(body, 'Labels'),
  };
}
