/** Identity mappings of user namespaces and of idmapped mounts. */

import { type Decoded, object, uint32 } from './decode.ts';

/** One line of /proc/PID/uid_map (user_namespaces(7)): `size` ids from `containerID` on are `hostID` and up outside. */
export const idMapping = object({ containerID: uint32, hostID: uint32, size: uint32 }, {});
export type LinuxIdMapping = Decoded<typeof idMapping>;
