/**
 * Requirements of the runtime specification as tests of any runtime binary. RUNTIME names one; without it Tiffin, runc
 * and crun are tried in turn, so that a test that is wrong shows on the others.
 */

import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Bundle, binary, type Config } from '../oci/harness.ts';

/** Why a runtime does not do what the specification says, at the version of Debian 12. */
export type Differences = Readonly<Record<string, string>>;

interface Runtime {
  name: string;
  command: readonly string[];
}

const given = process.env.RUNTIME;

/**
 * crun 1.8.1 starts nothing where hierarchies of v1 stand beside one of v2 that has controllers. So there it gets a mount
 * namespace without the latter; what it mounts is shared with nobody else, as far as it can tell.
 */
const WITHOUT_UNIFIED = 'mount --make-rshared / && umount /sys/fs/cgroup/unified && exec crun "$@"';

function crun(): readonly string[] {
  const unified = '/sys/fs/cgroup/unified/cgroup.controllers';
  if (!existsSync(unified) || readFileSync(unified, 'utf8').trim() === '') return ['crun'];
  return ['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', WITHOUT_UNIFIED, 'crun'];
}

const runtimes: readonly Runtime[] =
  given === undefined
    ? [
        { name: 'tiffin', command: [binary, 'oci'] },
        { name: 'runc', command: ['runc'] },
        { name: 'crun', command: crun() },
      ]
    : [{ name: basename(given), command: [given] }];

/**
 * A sentence of the specification. A runtime with a known difference has to fail it: one that passes by now is told
 * apart from one whose failure nobody looks at.
 */
export function requirement(
  sentence: string,
  body: (bundle: Bundle) => void,
  differences: Differences = {},
): void {
  for (const { name, command } of runtimes) {
    const known = differences[name];
    test(`${name}: ${sentence}${known === undefined ? '' : ` (not so: ${known})`}`, () => {
      using bundle = new Bundle(command);
      if (known === undefined) body(bundle);
      else expect(() => body(bundle)).toThrow();
    });
  }
}

/** Runs a script with the default configuration as changed, and returns what it printed. */
export function printed(bundle: Bundle, script: string, change?: (config: Config) => void): string {
  bundle.write(script, change);
  // Not the machine's /dev/null: crun gives what is on its standard input to the root of the container.
  const { status, stdout, stderr } = bundle.ociWith(
    { input: '\n' },
    ...['run', '-b', bundle.bundle, bundle.id],
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim();
}

/** The configuration must be refused, and nothing may be left of the container. */
export function refused(bundle: Bundle, change: (config: Config) => void): void {
  expect(bundle.write('true', change).run().status).not.toBe(0);
  expect(bundle.oci('state', bundle.id).status).not.toBe(0);
}
