/** Which variant of an image runs here: normalised names and the order of preference (image-spec image-index.md). */

import { TiffinError } from '../base/errors.ts';
import type { Descriptor, Platform } from './content.ts';

/** Other names of an architecture, and the variant they imply. */
const ARCHITECTURES: ReadonlyMap<string, { architecture: string; variant?: string }> = new Map([
  ['x86_64', { architecture: 'amd64' }],
  ['x86-64', { architecture: 'amd64' }],
  ['x64', { architecture: 'amd64' }],
  ['i386', { architecture: '386' }],
  ['ia32', { architecture: '386' }],
  ['aarch64', { architecture: 'arm64' }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
  ['ppc64el', { architecture: 'ppc64le' }],
]);

/** Variants that say no more than the architecture does, and spellings without the `v`. */
const VARIANTS: ReadonlyMap<string, string | undefined> = new Map([
  ['amd64/v1', undefined],
  ['arm64/v8', undefined],
  ['arm64/v8.0', undefined],
  ['arm64/8', undefined],
  ['arm/', 'v7'],
  ['arm/5', 'v5'],
  ['arm/6', 'v6'],
  ['arm/7', 'v7'],
  ['arm/8', 'v8'],
]);

const ARM_VARIANTS = ['v8', 'v7', 'v6', 'v5'];
const AMD64_LEVELS = ['v4', 'v3', 'v2'];

/** One spelling per platform: lower case, Go's architecture names, redundant variants dropped. */
export function normalizePlatform(platform: Platform): Platform {
  const given = platform.architecture.toLowerCase();
  const alias = ARCHITECTURES.get(given);
  const architecture = alias?.architecture ?? given;
  const spelled = (platform.variant || alias?.variant || '').toLowerCase();
  const known = `${architecture}/${spelled}`;
  const variant = VARIANTS.has(known) ? VARIANTS.get(known) : spelled;
  const normal: Platform = { architecture, os: platform.os.toLowerCase() };
  if (variant) normal.variant = variant;
  return normal;
}

/** `linux/arm64/v8`, `linux/amd64`, or an architecture alone. Throws `invalid`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (text.length > 128 || parts.length > 3 || !parts.every(isWord)) {
    throw new TiffinError(
      'invalid',
      'bad-platform',
      `${JSON.stringify(text.slice(0, 128))}: unknown operating system or architecture: invalid argument`,
      { hint: 'write it as os/architecture or os/architecture/variant, for example linux/arm64' },
    );
  }
  const [first = '', second, variant] = parts;
  if (second === undefined) return normalizePlatform({ os: 'linux', architecture: first });
  return normalizePlatform({ os: first, architecture: second, ...(variant && { variant }) });
}

/** `linux/arm/v7`. What an image says of itself is shown to people: anything but words becomes `?`. */
export function formatPlatform(platform: Platform): string {
  const words = [
    platform.os,
    platform.architecture,
    ...(platform.variant ? [platform.variant] : []),
  ];
  return words.map((word) => word.slice(0, 64).replace(/[^A-Za-z0-9_.-]/g, '?')).join('/');
}

/** Whether an image for `offered` runs where `wanted` is asked for. */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  return rank(preferences(wanted), offered) >= 0;
}

/** The best entry of an index for `wanted`; the first one wins among equals. Attestations never match. */
export function selectPlatform(
  manifests: readonly Descriptor[],
  wanted: Platform,
): Descriptor | undefined {
  const order = preferences(wanted);
  let best: Descriptor | undefined;
  let bestRank = order.length;
  for (const manifest of manifests) {
    if (manifest.platform === undefined) continue;
    const found = rank(order, manifest.platform);
    if (found >= 0 && found < bestRank) {
      best = manifest;
      bestRank = found;
    }
  }
  return best;
}

function rank(order: readonly string[], offered: Platform): number {
  return order.indexOf(formatPlatform(normalizePlatform(offered)));
}

/** Platforms that run on `wanted`, best first. */
function preferences(wanted: Platform): string[] {
  const normal = normalizePlatform(wanted);
  const { os, architecture, variant } = normal;
  const exact = formatPlatform(normal);
  switch (architecture) {
    case 'amd64':
      return [
        ...lowerFrom(AMD64_LEVELS, variant).map((v) => `${os}/amd64/${v}`),
        `${os}/amd64`,
        `${os}/386`,
      ];
    case 'arm':
      return lowerFrom(ARM_VARIANTS, variant).map((v) => `${os}/arm/${v}`);
    case 'arm64':
      return [...new Set([exact, `${os}/arm64`]), ...ARM_VARIANTS.map((v) => `${os}/arm/${v}`)];
    default:
      return [exact];
  }
}

/** The list from `variant` down; nothing for an unknown or absent variant. */
function lowerFrom(order: readonly string[], variant: string | undefined): readonly string[] {
  const at = variant === undefined ? -1 : order.indexOf(variant);
  return at < 0 ? [] : order.slice(at);
}

function isWord(text: string): boolean {
  if (text.length === 0) return false;
  for (const letter of text) {
    const word =
      (letter >= 'a' && letter <= 'z') ||
      (letter >= 'A' && letter <= 'Z') ||
      (letter >= '0' && letter <= '9');
    if (!word && letter !== '_' && letter !== '-' && letter !== '.') return false;
  }
  return true;
}
