import { expect, test } from 'bun:test';
import type { Descriptor, Platform } from './content.ts';
import { parseDigest } from './digest.ts';
import { formatPlatform, parsePlatform, platformMatches, selectPlatform } from './platform.ts';

const offer = (...texts: string[]): Descriptor[] =>
  texts.map((text, at) => {
    const [os = '', architecture = '', variant] = text.split('/');
    const platform: Platform = { os, architecture };
    if (variant !== undefined) platform.variant = variant;
    return { mediaType: text, digest: parseDigest(`sha256:${'d'.repeat(64)}`), size: at, platform };
  });

const select = (wanted: string, ...offers: string[]) =>
  selectPlatform(offer(...offers), parsePlatform(wanted))?.mediaType;

test('parsePlatform normalises spellings', () => {
  const normal: Record<string, string> = {
    'linux/x86_64': 'linux/amd64',
    'linux/amd64/v1': 'linux/amd64',
    'linux/aarch64': 'linux/arm64',
    'linux/arm64/v8': 'linux/arm64',
    'linux/arm64/8': 'linux/arm64',
    'linux/arm': 'linux/arm/v7',
    'linux/armhf': 'linux/arm/v7',
    'linux/armel': 'linux/arm/v6',
    'linux/arm/6': 'linux/arm/v6',
    amd64: 'linux/amd64',
    'Linux/ARM64': 'linux/arm64',
    'linux/386': 'linux/386',
  };
  for (const [text, expected] of Object.entries(normal)) {
    expect(formatPlatform(parsePlatform(text))).toBe(expected);
  }
  for (const text of ['', '/', 'linux/', 'a/b/c/d', 'linux/am d64', 'x'.repeat(200)]) {
    expect(() => parsePlatform(text)).toThrow('unknown operating system or architecture');
  }
});

test('selectPlatform takes the best that runs here', () => {
  expect(select('linux/amd64', 'linux/arm64', 'linux/amd64', 'linux/386')).toBe('linux/amd64');
  expect(select('linux/amd64', 'linux/amd64/v3', 'linux/amd64')).toBe('linux/amd64');
  expect(select('linux/amd64/v3', 'linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4')).toBe(
    'linux/amd64/v2',
  );
  expect(select('linux/arm64', 'linux/arm/v7', 'linux/arm64/v8')).toBe('linux/arm64/v8');
  expect(select('linux/arm64', 'linux/arm/v6', 'linux/arm/v7')).toBe('linux/arm/v7');
  expect(select('linux/arm/v6', 'linux/arm/v7', 'linux/arm/v5')).toBe('linux/arm/v5');
  expect(select('linux/arm/v7', 'linux/arm')).toBe('linux/arm');
  expect(select('linux/amd64', 'linux/arm64', 'windows/amd64', 'unknown/unknown')).toBeUndefined();
  expect(
    selectPlatform(
      [{ ...offer('linux/amd64')[0], platform: undefined } as unknown as Descriptor],
      parsePlatform('amd64'),
    ),
  ).toBeUndefined();
});

test('platformMatches does not take a newer variant for an older machine', () => {
  expect(platformMatches(parsePlatform('linux/arm/v6'), parsePlatform('linux/arm/v7'))).toBe(false);
  expect(platformMatches(parsePlatform('linux/arm/v7'), parsePlatform('linux/arm/v6'))).toBe(true);
});
