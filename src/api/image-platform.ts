/** The `platform` parameter of questions about one image: a JSON object of the OCI image specification. An image has one platform here. */

import { TiffinError } from '../base/errors.ts';
import type { Engine } from '../engine/contract.ts';
import { JsonObject } from '../spec/json-object.ts';

/** Does nothing without a platform. Throws `not-found` in Docker's words where the image is for another one, `invalid` for what is no platform. */
export async function requirePlatform(
  engine: Engine,
  name: string,
  wanted: string | undefined,
): Promise<void> {
  if (wanted === undefined || wanted === '') return;
  const { os, architecture, variant } = parse(wanted);
  const image = await engine.images.inspect(name);
  const fits =
    image.Os === os &&
    image.Architecture === architecture &&
    (variant === '' || variant === (image.Variant ?? ''));
  if (fits) return;
  const platform = [os, architecture, variant].filter((word) => word !== '').join('/');
  const message = `image with reference ${name} was found but does not provide the specified platform (${platform})`;
  throw new TiffinError('not-found', 'no-such-platform', message);
}

function parse(text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `failed to parse platform: ${text.slice(0, 100)}`;
    throw new TiffinError('invalid', 'bad-platform', message, { cause });
  }
  const object = JsonObject.of(value, 'platform');
  return {
    os: object.text('os') ?? '',
    architecture: object.text('architecture') ?? '',
    variant: object.text('variant') ?? '',
  };
}
