/** The `platform` parameter: a JSON object of the OCI image specification, or `os/architecture[/variant]`. An image has one platform here. */

import { TiffinError } from '../base/errors.ts';
import type { Engine } from '../engine/contract.ts';
import type { Platform } from '../spec/content.ts';
import { JsonObject } from '../spec/json-object.ts';
import { formatPlatform, parsePlatform, platformMatches } from '../spec/platform.ts';

/** Does nothing without a platform. Throws `not-found` in Docker's words where the image is for another one, `invalid` for what is no platform. */
export async function requirePlatform(
  engine: Engine,
  name: string,
  wanted: string | undefined,
): Promise<void> {
  const platform = platformParameter(wanted);
  if (platform === undefined) return;
  const { Os: os, Architecture: architecture, Variant } = await engine.images.inspect(name);
  if (platformMatches(platform, { os, architecture, ...(Variant && { variant: Variant }) })) return;
  const message = `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(platform)})`;
  throw new TiffinError('not-found', 'no-such-platform', message);
}

/** Undefined when nothing is asked for. Throws `invalid`. */
export function platformParameter(text: string | undefined): Platform | undefined {
  if (text === undefined || text === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // What the command line takes from a person goes as it is.
    if (text.includes('/')) return parsePlatform(text);
    const message = `failed to parse platform: ${text.slice(0, 100)}`;
    throw new TiffinError('invalid', 'bad-platform', message, { cause });
  }
  const object = JsonObject.of(value, 'platform');
  const words = [object.requiredText('os'), object.requiredText('architecture')];
  const variant = object.text('variant');
  return parsePlatform([...words, ...(variant ? [variant] : [])].join('/'));
}
