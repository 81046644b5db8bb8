/** The program's version, from the package. */

import { version } from '../../package.json' with { type: 'json' };

export const clientVersion = version;
export const versionLine = `Tiffin version ${version}`;
