import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { run } from '../command.ts';
import { type EnginePeer, stopDaemon, untilAnswers } from './peer.ts';

export async function startTiffin(
  tiffin: string,
  work: string,
  image: string,
): Promise<EnginePeer> {
  const socket = `${work}/tiffin/tiffin.sock`;
  mkdirSync(`${work}/tiffin`, { recursive: true });
  const daemon = spawn(
    tiffin,
    [
      'serve',
      '--data-root',
      `${work}/tiffin/data`,
      '--exec-root',
      `${work}/tiffin/run`,
      '-H',
      `unix://${socket}`,
    ],
    { stdio: 'ignore' },
  );
  await untilAnswers(socket, daemon, 20);
  const command = [tiffin, '-H', `unix://${socket}`];
  run([...command, 'load', '-i', image]);
  return {
    name: 'tiffin',
    version: run([tiffin, '--version']).trim(),
    command,
    env: {},
    socket,
    image: 'bench:latest',
    pullFlags: [],
    enginePids: () => [daemon.pid ?? 0],
    helpers: ['tiffin-monitor'],
    stop: () => stopDaemon(daemon),
  };
}
