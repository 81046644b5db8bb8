/** `create <id> <path>`, as runtimes before runc's command line had it: a bundle, or its configuration by any name. */

import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { errnoName, TiffinError } from '../../base/errors.ts';
import type { OciContext } from '../../runtime/context.ts';
import { type Flags, usage } from './flags.ts';

/** What the path stands for; a relative root is one in the file's directory (runtime-spec bundle.md). */
export interface BundleArgument {
  bundle: string;
  config?: string;
}

/** @throws TiffinError `usage` beside `--bundle` or `--config`, which say the same; `no-config` for a path that is not there. */
export function bundleArgument(path: string, flags: Flags, context: OciContext): BundleArgument {
  for (const name of ['bundle', 'config']) {
    if (flags.text(name) !== undefined) {
      throw usage(`create: ${path} and --${name} both say which configuration`);
    }
  }
  const full = resolve(context.workingDirectory, path);
  if (isDirectory(full)) return { bundle: full };
  return { bundle: dirname(full), config: basename(full) };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    const errno = errnoName(error);
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw error;
    throw new TiffinError('not-found', 'no-config', `${path}: no such file or directory`, {
      hint: 'give a bundle or its config.json',
    });
  }
}
