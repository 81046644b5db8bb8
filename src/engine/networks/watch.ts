/** Bridges and firewall of the networks in use are there when an engine starts, and again when somebody flushes the firewall. */

import type { Parts } from '../parts.ts';

export function watchNetworks(parts: Parts): void {
  const { networkSetup, launcher, background } = parts;
  /** One at a time; what happens meanwhile is seen to by one more round. */
  let waiting = false;
  let last = Promise.resolve();
  const restore = (): void => {
    if (waiting || background.isClosed) return;
    waiting = true;
    background.run('networks that are in use', () => {
      const round = last.then(async () => {
        waiting = false;
        await networkSetup.restore();
      });
      last = round.catch(() => undefined);
      return round;
    });
  };
  launcher.onTableRemoved((name) => {
    if (networkSetup.owns(name)) restore();
  });
  restore();
}
