/** Commands over several objects: all at once, reported in the order given. */

import { errorText } from './error-text.ts';
import type { Output } from './streams/output.ts';

/** Enough to overlap waiting, few enough to spare the engine. */
const AT_ONCE = 50;

/** Prints what `act` returns per argument, its errors on standard error. The exit status: 1 if one failed. */
export async function forEach(
  args: readonly string[],
  out: Output,
  act: (arg: string) => Promise<string | undefined>,
): Promise<number> {
  let status = 0;
  for (let at = 0; at < args.length; at += AT_ONCE) {
    const batch = await Promise.allSettled(args.slice(at, at + AT_ONCE).map(act));
    for (const result of batch) {
      if (result.status === 'fulfilled') {
        if (result.value !== undefined) out.print(`${result.value}\n`);
      } else {
        status = 1;
        out.error(`${errorText(result.reason)}\n`);
      }
    }
  }
  return status;
}
