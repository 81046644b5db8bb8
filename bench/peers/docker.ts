import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { run } from '../command.ts';
import { type EnginePeer, stopDaemon, untilAnswers } from './peer.ts';

/** dockerd with its own containerd, roots and bridge, all below `work`. */
export async function startDocker(work: string, image: string): Promise<EnginePeer> {
  const socket = `${work}/docker.sock`;
  const daemon = spawn(
    'dockerd',
    [
      '--host',
      `unix://${socket}`,
      '--data-root',
      `${work}/docker`,
      '--exec-root',
      `${work}/docker-run`,
      '--pidfile',
      `${work}/docker.pid`,
      '--bip',
      '10.231.0.1/16',
    ],
    { stdio: 'ignore' },
  );
  await untilAnswers(socket, daemon, 60);
  const command = ['docker', '-H', `unix://${socket}`];
  run([...command, 'load', '-i', image]);
  return {
    name: 'docker',
    version: `docker ${run([...command, 'version', '--format', '{{.Server.Version}}']).trim()}`,
    command,
    env: {},
    socket,
    image: 'bench:latest',
    pullFlags: [],
    enginePids: () => [daemon.pid ?? 0, containerdPid(work)],
    helpers: ['containerd-shim'],
    stop: () => stopDaemon(daemon),
  };
}

function containerdPid(work: string): number {
  return Number(readFileSync(`${work}/docker-run/containerd/containerd.pid`, 'utf8'));
}
