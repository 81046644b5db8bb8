/** `run`: create and start in one; in the foreground this process ends with the container's status. */

import { loadBundle, noProcess } from '../bundle.ts';
import type { OciContext } from '../context.ts';
import { type CreateOptions, checkConsole, DETACHED, FOREGROUND, launch } from './create.ts';

export interface RunOptions extends CreateOptions {
  detach: boolean;
  /** The state stays after the end. */
  keep: boolean;
}

/** This process becomes the shim; resolves to the exit code where it cannot. */
export function run(options: RunOptions, context: OciContext): Promise<number> {
  const bundle = loadBundle(options.bundle, context.workingDirectory, options.config);
  if (bundle.spec.process === undefined) throw noProcess();
  checkConsole(bundle.spec.process?.terminal === true, options.consoleSocket, options.detach);
  return launch(bundle, options, context, {
    mode: options.detach ? DETACHED : FOREGROUND,
    gate: false,
    keep: options.detach || options.keep,
  });
}
