/** `tiffin port`. */

import type { PortBinding } from '../../spec/docker.ts';
import { CliError, type Command } from '../command.ts';
import { inspectContainer } from '../container/attach.ts';

export const port: Command = {
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  summary: 'List port mappings or a specific mapping for the container',
  flags: [],
  args: { min: 1, max: 2 },
  run: async ({ args, client, out }) => {
    const [name = '', wanted] = args;
    const container = await inspectContainer(client, name);
    const ports = Object.entries(container.NetworkSettings.Ports ?? {});
    if (wanted === undefined) {
      const lines = ports.flatMap(([inside, bindings]) =>
        (bindings ?? []).map((binding) => `${inside} -> ${addressText(binding)}`),
      );
      out.print(
        lines
          .sort(naturally)
          .map((line) => `${line}\n`)
          .join(''),
      );
      return 0;
    }
    const key = wanted.includes('/') ? wanted : `${wanted}/tcp`;
    if (!/^[0-9]{1,5}\/[a-z]+$/.test(key)) throw new CliError(`Error: invalid port: ${wanted}`);
    const bindings = ports.find(([inside]) => inside === key)?.[1] ?? [];
    if (bindings.length === 0) {
      throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
    }
    out.print(bindings.map((binding) => `${addressText(binding)}\n`).join(''));
    return 0;
  },
};

function addressText({ HostIp: address, HostPort: published }: PortBinding): string {
  return `${address.includes(':') ? `[${address}]` : address}:${published}`;
}

/** Numbers inside the text by their value. */
function naturally(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
