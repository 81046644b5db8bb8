/** A bundle's config.json: Open Container Initiative runtime-spec 1.3.0, config.md. */

import { TiffinError } from '../../base/errors.ts';
import { checks, processChecks } from './checks.ts';
import { type Decoded, list, object, record, text } from './decode.ts';
import { hooks } from './hooks.ts';
import { linux } from './linux.ts';
import { mount, root } from './mounts.ts';
import { process } from './process.ts';
import { type LinuxResources, resources } from './resources.ts';

const runtimeSpec = object(
  { ociVersion: text },
  {
    process,
    root,
    hostname: text,
    domainname: text,
    mounts: list(mount),
    hooks,
    annotations: record(text),
    linux,
  },
);
export type RuntimeSpec = Decoded<typeof runtimeSpec>;

/**
 * Types first, then meaning.
 * @throws TiffinError `invalid`: the path of the first field of a wrong type, or everything that makes no sense.
 */
export function parseRuntimeSpec(value: unknown): RuntimeSpec {
  const spec = runtimeSpec(value, '');
  refuse(checks.flatMap((check) => check(spec)));
  return spec;
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) {
    throw new TiffinError('invalid', 'invalid-config', problems.join('; '));
  }
}

/** One process of `exec --process`, with the same rules as the container's own. */
export function parseProcess(value: unknown): RuntimeSpec['process'] & object {
  return checkProcess(process(value, 'process'));
}

/** What a process must fulfil beyond its types. @throws TiffinError `invalid-config`. */
export function checkProcess<T extends RuntimeSpec['process'] & object>(given: T): T {
  const spec = { ociVersion: '1.3.0', process: given };
  refuse(processChecks.flatMap((check) => check(spec)));
  return given;
}

/** The document of `update --resources`. */
export function parseResources(value: unknown): LinuxResources {
  return resources(value, 'resources');
}
