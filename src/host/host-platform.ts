/** The platform whose images run here. */

import { arch } from 'node:os';
import type { Platform } from '../spec/content.ts';
import { normalizePlatform } from '../spec/platform.ts';

export function hostPlatform(): Platform {
  return normalizePlatform({ os: 'linux', architecture: arch() });
}
