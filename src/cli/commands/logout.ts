/** `tiffin logout`. */

import type { Command } from '../command.ts';
import { isAbout, objectAt, readConfig, serverName, writeConfig } from '../image/docker-config.ts';
import { helperFor } from '../image/registry-auth.ts';
import { registryName } from './login.ts';

export const logout: Command = {
  usage: '[SERVER]',
  summary: 'Log out from a registry',
  flags: [],
  args: { min: 0, max: 1 },
  run: async ({ args, out }) => {
    const registry = registryName(args[0] ?? '');
    const config = readConfig();
    const server = serverName(registry);
    const auths = objectAt(config, 'auths');
    const entries = Object.keys(auths).filter((name) => isAbout(name, registry));
    const helper = helperFor(config, registry);
    if (helper === '' && entries.length === 0) {
      out.print(`Not logged in to ${server}\n`);
      return 0;
    }
    out.print(`Removing login credentials for ${server}\n`);
    if (helper !== '') {
      const { helperErase } = await import('../image/credential-helper.ts');
      await helperErase(helper, server);
    }
    for (const name of entries) delete auths[name];
    if (entries.length > 0) writeConfig({ ...config, auths });
    return 0;
  },
};
