/** From the flags of `tiffin serve` to what the engine and its API are told. Throws `CliError` for what is refused. */

import { readFileSync } from 'node:fs';
import { CliError, type ServeOptions } from '../command.ts';
import type { FlagValues } from '../flags/values.ts';

export function serveOptions(flags: FlagValues): ServeOptions {
  for (const refuse of REFUSALS) {
    const sentence = refuse(flags);
    if (sentence !== undefined) throw new CliError(sentence);
  }
  const execRoot = absolute('exec-root', flags.text('exec-root'));
  const pidfile = flags.text('pidfile');
  const group = flags.text('group');
  return {
    dataRoot: absolute('data-root', flags.text('data-root')),
    execRoot,
    hosts: flags.list('host'),
    defaultSocket: `${execRoot}/tiffin.sock`,
    ...(group === '' ? {} : { group: groupId(group) }),
    ...tlsOptions(flags),
    ...(pidfile === '' ? {} : { pidfile: absolute('pidfile', pidfile) }),
    settings: {
      network: flags.text('bridge') === 'none' ? 'none' : 'bridge',
      servers: flags.list('dns'),
      search: flags.list('dns-search'),
      resolverOptions: flags.list('dns-opt'),
      debug: flags.bool('debug') || ['1', 'true'].includes(process.env.DEBUG ?? ''),
    },
    defaultNetwork: defaultNetwork(flags),
    forward: flags.bool('ip-forward'),
    restart: flags.bool('restart'),
  };
}

type Refusal = (flags: FlagValues) => string | undefined;

const REFUSALS: readonly Refusal[] = [
  (flags) => {
    const driver = flags.text('storage-driver') || process.env.DOCKER_DRIVER || 'overlay2';
    if (['overlay2', 'overlay'].includes(driver)) return undefined;
    return `storage driver ${driver} is not supported: layers are stacked by overlay2`;
  },
  (flags) => {
    const driver = flags.text('exec-driver') || 'native';
    if (driver === 'native') return undefined;
    return `exec driver ${driver} is not supported: containers are started by Tiffin itself`;
  },
  (flags) => {
    const bridge = flags.text('bridge');
    if (bridge === '' || bridge === 'none') return undefined;
    return `--bridge takes "none" only: the default network has a bridge of its own, whose address --bip sets; for ${bridge} use "tiffin network create -o com.docker.network.bridge.name=${bridge}"`;
  },
  (flags) =>
    flags.text('bridge') === 'none' && flags.has('bip')
      ? 'conflicting options: --bridge=none and --bip exclude each other'
      : undefined,
  (flags) =>
    flags.bool('iptables')
      ? undefined
      : '--iptables=false is not supported: without rules no port is published and nobody gets out; the rules stand in a table of their own and touch no other, and networks without them are --internal or none',
  (flags) =>
    flags.bool('selinux-enabled')
      ? '--selinux-enabled is not supported: containers are confined by namespaces, capabilities, seccomp and AppArmor'
      : undefined,
];

function defaultNetwork(flags: FlagValues): ServeOptions['defaultNetwork'] {
  const address = flags.text('bip');
  const mtu = flags.number('mtu') ?? 0;
  const ip = flags.text('ip');
  return {
    ...(address === '' ? {} : { address }),
    options: {
      ...(flags.bool('icc') ? {} : { 'com.docker.network.bridge.enable_icc': 'false' }),
      ...(ip === '' ? {} : { 'com.docker.network.bridge.host_binding_ipv4': ip }),
      ...(mtu === 0 ? {} : { 'com.docker.network.driver.mtu': String(mtu) }),
    },
  };
}

/** As with docker, an explicit `--tls=false` or `--tlsverify=false` is the word of who knows what it means. */
function tlsOptions(flags: FlagValues): Pick<ServeOptions, 'tls' | 'insecure'> {
  const verify = flags.bool('tlsverify');
  const insecure = flags.given('tls') === false || flags.given('tlsverify') === false;
  if (!verify && !flags.bool('tls')) return { insecure };
  const home = process.env.DOCKER_CERT_PATH || `${process.env.HOME || '/root'}/.docker`;
  const file = (flag: string, name: string) => flags.text(flag) || `${home}/${name}`;
  return {
    insecure,
    tls: {
      ...(verify ? { ca: file('tlscacert', 'ca.pem') } : {}),
      cert: file('tlscert', 'cert.pem'),
      key: file('tlskey', 'key.pem'),
    },
  };
}

/** By name or number, as /etc/group has it (group(5)). */
function groupId(name: string): number {
  const row = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === name);
  const text = row?.[2] ?? name;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new CliError(`group ${name} not found`);
}

function absolute(flag: string, path: string): string {
  if (!path.startsWith('/')) throw new CliError(`--${flag} must be an absolute path: ${path}`);
  return path;
}
