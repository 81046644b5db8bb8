/** `version`. */

import { arch, release } from 'node:os';
import packageFile from '../../../package.json' with { type: 'json' };
import { API_VERSION, MIN_API_VERSION } from '../../spec/api-version.ts';
import type { SystemVersion } from '../../spec/docker.ts';
import { normalizePlatform } from '../../spec/platform.ts';

export const ENGINE_VERSION: string = packageFile.version;

export function systemVersion(): SystemVersion {
  const { architecture } = normalizePlatform({ os: 'linux', architecture: arch() });
  const details = {
    ApiVersion: API_VERSION,
    Arch: architecture,
    BuildTime: '',
    Experimental: 'false',
    GitCommit: '',
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
    GitCommit: '',
    GoVersion: runtimeName(),
    Os: 'linux',
    Arch: architecture,
    KernelVersion: release(),
    Experimental: false,
    BuildTime: '',
  };
}

function runtimeName(): string {
  return `bun${Bun.version}`;
}
