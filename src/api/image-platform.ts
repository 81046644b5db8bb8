/** The `platform` parameter: a JSON object of the OCI image specification, or `os/architecture[/variant]`. */

import { TiffinError } from '../base/errors.ts';
import type { Platform } from '../spec/content.ts';
import { JsonObject } from '../spec/json-object.ts';
import { parsePlatform } from '../spec/platform.ts';

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
