/** `tiffin manifest rm`. */

import type { Command } from '../command.ts';
import { errorText } from '../error-text.ts';
import { listName, removeList, requireList } from '../image/manifest-list.ts';

export const manifestRm: Command = {
  usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
  summary: 'Delete one or more manifest lists from local storage',
  flags: [],
  args: { min: 1 },
  run: async ({ args, out }) => {
    let status = 0;
    for (const list of args) {
      try {
        requireList(listName(list));
        removeList(listName(list));
      } catch (error) {
        status = 1;
        out.error(`${errorText(error)}\n`);
      }
    }
    return status;
  },
};
