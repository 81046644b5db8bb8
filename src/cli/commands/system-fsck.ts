/** `tiffin system fsck`. */

import type { Command } from '../command.ts';

/** The engine's answer. */
interface StoreCheck {
  Blobs: number;
  Layers: number;
  Images: number;
  Problems: { Kind: string; Subject: string; Detail: string; Repaired: boolean }[];
}

export const systemFsck: Command = {
  usage: '[OPTIONS]',
  summary: 'Check every blob, layer and reference of the store',
  flags: [
    { name: 'repair', kind: 'bool', help: 'Repair what can be; without it nothing is changed' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const repair = flags.bool('repair') ? 1 : 0;
    const check = await client.json<StoreCheck>('POST', `/tiffin/system/fsck?repair=${repair}`);
    for (const { Kind, Subject, Detail, Repaired } of check.Problems) {
      out.print(`${Kind} ${Subject}: ${Detail}${Repaired ? ' (repaired)' : ''}\n`);
    }
    const left = check.Problems.filter(({ Repaired }) => !Repaired).length;
    const found = check.Problems.length;
    const counts = `${check.Blobs} blobs, ${check.Layers} layers, ${check.Images} images`;
    out.print(`${counts}: ${found === 0 ? 'no problems' : `${found} problems, ${left} left`}\n`);
    return left === 0 ? 0 : 1;
  },
};
