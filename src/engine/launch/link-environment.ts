/** What `--link name:alias` on the default network says in the environment, as docker has it from its first years to now. */

import type { Definition } from '../containers/record.ts';
import { parseLink } from '../networks/link.ts';
import { parsePortKey } from '../networks/ports.ts';
import type { Parts } from '../parts.ts';
import { linkedAddress } from './peers.ts';

/** Not about the container, but about its programs. */
const NOT_TOLD: ReadonlySet<string> = new Set(['HOME', 'PATH']);

/** Variables of every link whose container runs. */
export function linkEnvironment(parts: Parts, { name, hostConfig }: Definition): string[] {
  const mode = hostConfig.NetworkMode;
  if (mode !== 'default' && mode !== 'bridge') return [];
  return hostConfig.Links.map(parseLink).flatMap(({ target, alias }) => {
    const container = parts.containers.find(target);
    const address = container && linkedAddress(parts, container.id);
    if (container === undefined || address === undefined) return [];
    const { ExposedPorts, Env } = container.definition.config;
    return linkVariables({
      owner: name,
      alias,
      address,
      ports: Object.keys(ExposedPorts),
      env: Env,
    });
  });
}

interface Linked {
  /** Name of the container that has the link. */
  owner: string;
  alias: string;
  address: string;
  /** `6379/tcp`. */
  ports: readonly string[];
  /** `NAME=value`. */
  env: readonly string[];
}

/** `DB_PORT`, `DB_PORT_6379_TCP`, `…_ADDR`, `…_PORT`, `…_PROTO`, `DB_NAME`, `DB_ENV_*`. */
export function linkVariables({ owner, alias, address, ports, env }: Linked): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const exposed = ports
    .map(parsePortKey)
    .sort((one, other) => one.port - other.port || (one.protocol === 'tcp' ? -1 : 1));
  const [lowest] = exposed;
  const url = ({ protocol, port }: { protocol: string; port: number }) =>
    `${protocol}://${address}:${port}`;
  return [
    ...(lowest === undefined ? [] : [`${prefix}_PORT=${url(lowest)}`]),
    ...exposed.flatMap((one) => {
      const of = `${prefix}_PORT_${one.port}_${one.protocol.toUpperCase()}`;
      return [
        `${of}=${url(one)}`,
        `${of}_ADDR=${address}`,
        `${of}_PORT=${one.port}`,
        `${of}_PROTO=${one.protocol}`,
      ];
    }),
    `${prefix}_NAME=/${owner}/${alias}`,
    ...env
      .filter((entry) => entry.includes('=') && !NOT_TOLD.has(entry.slice(0, entry.indexOf('='))))
      .map((entry) => `${prefix}_ENV_${entry}`),
  ];
}
