/** `tiffin info`. */

import type { SystemInfo } from '../../spec/docker.ts';
import type { Command } from '../command.ts';
import { objectFormatHelp, printObject } from '../render/print-template.ts';
import { binarySize } from '../values/size.ts';
import { clientVersion } from '../version-line.ts';

export const info: Command = {
  usage: '[OPTIONS]',
  summary: 'Display system-wide information',
  flags: [{ name: 'format', short: 'f', kind: 'string', help: objectFormatHelp }],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const answer = await client.json<SystemInfo>('GET', '/info');
    const format = flags.text('format');
    if (format !== '') {
      printObject({ ...answer, ClientInfo: { Version: clientVersion } }, format, out);
      return 0;
    }
    out.print(infoText(answer));
    for (const warning of answer.Warnings ?? []) out.error(`${warning}\n`);
    return 0;
  },
};

function infoText(answer: SystemInfo): string {
  const plugins = answer.Plugins;
  const lines = [
    'Client: Tiffin',
    ` Version:    ${clientVersion}`,
    '',
    'Server:',
    ` Containers: ${answer.Containers}`,
    `  Running: ${answer.ContainersRunning}`,
    `  Paused: ${answer.ContainersPaused}`,
    `  Stopped: ${answer.ContainersStopped}`,
    ` Images: ${answer.Images}`,
    ` Server Version: ${answer.ServerVersion}`,
    ` Storage Driver: ${answer.Driver}`,
    ...(answer.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ` Logging Driver: ${answer.LoggingDriver}`,
    ` Cgroup Driver: ${answer.CgroupDriver}`,
    ` Cgroup Version: ${answer.CgroupVersion}`,
    ' Plugins:',
    `  Volume: ${(plugins?.Volume ?? []).join(' ')}`,
    `  Network: ${(plugins?.Network ?? []).join(' ')}`,
    `  Log: ${(plugins?.Log ?? []).join(' ')}`,
    ` Runtimes: ${Object.keys(answer.Runtimes ?? {}).join(' ')}`,
    ` Default Runtime: ${answer.DefaultRuntime}`,
    ...securityLines(answer.SecurityOptions ?? []),
    ` Kernel Version: ${answer.KernelVersion}`,
    ` Operating System: ${answer.OperatingSystem}`,
    ` OSType: ${answer.OSType}`,
    ` Architecture: ${answer.Architecture}`,
    ` CPUs: ${answer.NCPU}`,
    ` Total Memory: ${binarySize(answer.MemTotal)}`,
    ` Name: ${answer.Name}`,
    ` ID: ${answer.ID}`,
    ` Root Dir: ${answer.DockerRootDir}`,
    ` Debug Mode: ${answer.Debug}`,
    ` Live Restore Enabled: ${answer.LiveRestoreEnabled}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** `name=seccomp,profile=builtin` as a heading with its details below. */
function securityLines(options: readonly string[]): string[] {
  if (options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const pairs = option.split(',').map((pair) => pair.split('='));
    const name = pairs.find(([key]) => key === 'name')?.[1] ?? option;
    const details = pairs.filter(([key]) => key !== 'name');
    return [`  ${name}`, ...details.map(([key, value]) => `   ${key}: ${value ?? ''}`)];
  });
  return [' Security Options:', ...lines];
}
