/** `--userns`, of all commands that make containers. */

import type { CreateFlag } from './resource-flags.ts';

export const usernsFlag: CreateFlag = {
  name: 'userns',
  kind: 'string',
  help: 'User namespace to use: "host", or "private" for one of its own',
  to: 'HostConfig.UsernsMode',
};
