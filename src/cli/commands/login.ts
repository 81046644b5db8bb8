/** `tiffin login`. */

import { CliError, type Command } from '../command.ts';
import { configPath } from '../context/directory.ts';
import { objectAt, readConfig, serverName, writeConfig } from '../image/docker-config.ts';
import { helperFor, registryAuth } from '../image/registry-auth.ts';
import { standardInput } from '../streams/input.ts';
import type { Output } from '../streams/output.ts';
import { promptText } from '../streams/prompt.ts';

interface Answer {
  Status: string;
  IdentityToken?: string;
}

export const login: Command = {
  usage: '[OPTIONS] [SERVER]',
  summary: 'Authenticate to a registry',
  flags: [
    {
      name: 'password',
      short: 'p',
      kind: 'string',
      help: 'Password or Personal Access Token (PAT)',
    },
    {
      name: 'password-stdin',
      kind: 'bool',
      help: 'Take the Password or Personal Access Token (PAT) from stdin',
    },
    {
      name: 'email',
      kind: 'string',
      help: 'No registry asks for it',
      hidden: true,
      obsolete: true,
      deprecated: ['-e', '-email', '--email'],
    },
    { name: 'username', short: 'u', kind: 'string', help: 'Username' },
  ],
  args: { min: 0, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const registry = registryName(args[0] ?? '');
    const given = { username: flags.text('username'), password: flags.text('password') };
    if (flags.bool('password-stdin')) {
      if (flags.has('password'))
        throw new CliError('--password and --password-stdin are mutually exclusive');
      if (given.username === '')
        throw new CliError('Must provide --username with --password-stdin');
      given.password = await passwordFromInput();
    } else if (flags.has('password')) {
      out.error('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    }
    const { username, password } = await complete(registry, given, out);
    const body = { username, password, serveraddress: serverName(registry) };
    const answer = await client.json<Answer>('POST', '/auth', body);
    const token = answer.IdentityToken ?? '';
    await keep(
      registry,
      token === '' ? { username, secret: password } : { username: '<token>', secret: token },
      out,
    );
    out.print(`${answer.Status}\n`);
    return 0;
  },
};

/** `docker.io` for none and for its many names. */
export function registryName(server: string): string {
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const isHub = ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host);
  return isHub ? 'docker.io' : host;
}

async function passwordFromInput(): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of standardInput()) pieces.push(piece);
  return Buffer.concat(pieces)
    .toString()
    .replace(/[\r\n]+$/, '');
}

/** What is missing is taken from an earlier login or asked for. */
async function complete(
  registry: string,
  given: { username: string; password: string },
  out: Output,
): Promise<{ username: string; password: string }> {
  if (given.username !== '' && given.password !== '') return given;
  const known = await registryAuth(registry);
  const isKnown = given.username === '' || given.username === known?.username;
  if (given.password === '' && isKnown && known?.username && known.password) {
    return { username: known.username, password: known.password };
  }
  const username = given.username || (await promptText(out, 'Username: ', true));
  if (username === '') throw new CliError('username is required');
  const password = given.password || (await promptText(out, 'Password: ', false));
  if (password === '') throw new CliError('password is required');
  return { username, password };
}

async function keep(
  registry: string,
  credentials: { username: string; secret: string },
  out: Output,
): Promise<void> {
  const config = readConfig();
  const helper = helperFor(config, registry);
  const server = serverName(registry);
  if (helper !== '') {
    const { helperStore } = await import('../image/credential-helper.ts');
    return helperStore(helper, server, credentials);
  }
  const { username, secret } = credentials;
  const entry =
    username === '<token>'
      ? { identitytoken: secret }
      : { auth: Buffer.from(`${username}:${secret}`).toString('base64') };
  const auths = { ...objectAt(config, 'auths'), [server]: entry };
  writeConfig({ ...config, auths });
  out.error(`WARNING! Your credentials are stored unencrypted in '${configPath()}'.\n`);
}
