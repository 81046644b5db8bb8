/** The root file system and the mounts: runtime-spec config.md «Root» and «Mounts». */

import { type Decoded, list, object, text, truth } from './decode.ts';
import { idMapping } from './mappings.ts';

/** `path` is absolute or relative to the bundle. */
export const root = object({ path: text }, { readonly: truth });
export type Root = Decoded<typeof root>;

export const mount = object(
  { destination: text },
  {
    source: text,
    type: text,
    /** As in mount(8), and `rro`, `idmap`, `tmpcopyup` and their kin. */
    options: list(text),
    uidMappings: list(idMapping),
    gidMappings: list(idMapping),
  },
);
export type Mount = Decoded<typeof mount>;
