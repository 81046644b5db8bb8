/** `version`. */

import { arch, release } from 'node:os';
import packageFile from '../../../package.json' with { type: 'json' };
import { API_VERSION, MIN_API_VERSION } from '../../spec/api-version.ts';
import type { SystemVersion } from '../../spec/docker.ts';
import { normalizePlatform } from '../../spec/platform.ts';

export const ENGINE_VERSION: string = packageFile.version;

/** Written into the program by its build (Makefile); a run from the sources has neither. */
const GIT_COMMIT: string = process.env.TIFFIN_BUILD_COMMIT ?? 'source';
/** RFC 3339; the time of that commit, so that a build can be repeated. */
const BUILD_TIME: string = process.env.TIFFIN_BUILD_TIME ?? '1970-01-01T00:00:00Z';

export function systemVersion(): SystemVersion {
  const { architecture } = normalizePlatform({ os: 'linux', architecture: arch() });
  const details = {
    ApiVersion: API_VERSION,
    Arch: architecture,
    BuildTime: BUILD_TIME,
    Experimental: 'false',
    GitCommit: GIT_COMMIT,
    GoVersion: runtimeName(),
    KernelVersion: release(),
    MinAPIVersion: MIN_API_VERSION,
    Os: 'linux',
  };
  return {
    Platform: { Name: 'Tiffin' },
    Components: [{ Name: 'Engine', Version: ENGINE_VERSION, Details: details }],
    Version: ENGINE_VERSION,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: GIT_COMMIT,
    GoVersion: runtimeName(),
    Os: 'linux',
    Arch: architecture,
    KernelVersion: release(),
    Experimental: false,
    BuildTime: BUILD_TIME,
  };
}

function runtimeName(): string {
  return `bun${Bun.version}`;
}
