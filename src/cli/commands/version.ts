/** `tiffin version`. */

import type { SystemVersion } from '../../spec/docker.ts';
import type { Command } from '../command.ts';
import { errorText } from '../error-text.ts';
import { objectFormatHelp, printObject } from '../render/print-template.ts';
import { clientVersion } from '../version-line.ts';

/** The version of the Engine API that this client speaks. */
const API_VERSION = '1.51';

export const version: Command = {
  usage: '[OPTIONS]',
  summary: 'Show the version of the client and of the engine',
  flags: [{ name: 'format', short: 'f', kind: 'string', help: objectFormatHelp }],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const answer = await client
      .json<SystemVersion>('GET', '/version')
      .catch((error: unknown) => error);
    const server = answer instanceof Error ? undefined : (answer as SystemVersion);
    const own = {
      Version: clientVersion,
      ApiVersion: API_VERSION,
      Os: 'linux',
      Arch: process.arch === 'x64' ? 'amd64' : process.arch,
      BunVersion: Bun.version,
    };
    const format = flags.text('format');
    if (server === undefined && format !== '') throw answer;
    if (format === '')
      out.print(clientText(own) + (server === undefined ? '' : serverText(server)));
    else printObject({ Client: own, Server: server }, format, out);
    if (server === undefined) out.error(`${errorText(answer)}\n`);
    return server === undefined ? 1 : 0;
  },
};

function clientText(
  own: Record<'Version' | 'ApiVersion' | 'Os' | 'Arch' | 'BunVersion', string>,
): string {
  return lines('Client: Tiffin', 1, [
    ['Version', own.Version],
    ['API version', own.ApiVersion],
    ['Bun version', own.BunVersion],
    ['OS/Arch', `${own.Os}/${own.Arch}`],
  ]);
}

function serverText(server: SystemVersion): string {
  const engine = lines(' Engine:', 2, [
    ['Version', server.Version],
    ['API version', `${server.ApiVersion} (minimum version ${server.MinAPIVersion ?? ''})`],
    ['Runtime version', server.GoVersion],
    ['Git commit', server.GitCommit],
    ['Built', server.BuildTime ?? ''],
    ['OS/Arch', `${server.Os}/${server.Arch}`],
    ['Kernel', server.KernelVersion ?? ''],
  ]);
  const parts = (server.Components ?? [])
    .filter((component) => component.Name !== 'Engine')
    .map((component) => lines(` ${component.Name}:`, 2, [['Version', component.Version]]));
  const platform = server.Platform?.Name ?? '';
  return `\nServer:${platform === '' ? '' : ` ${platform}`}\n${engine}${parts.join('')}`;
}

function lines(
  title: string,
  indent: number,
  pairs: readonly (readonly [string, string])[],
): string {
  const known = pairs.filter(([, value]) => value !== '');
  const body = known.map(
    ([name, value]) => `${' '.repeat(indent)}${`${name}:`.padEnd(18)} ${value}`,
  );
  return `${[title, ...body].join('\n')}\n`;
}
