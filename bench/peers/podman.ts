import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { run } from '../command.ts';
import { type EnginePeer, stopDaemon, untilAnswers } from './peer.ts';

/** podman with its own roots, and its API service for the scenarios that need a socket. */
export async function startPodman(work: string, image: string): Promise<EnginePeer> {
  const socket = `${work}/podman.sock`;
  mkdirSync(`${work}/podman`, { recursive: true });
  const command = [
    'podman',
    '--root',
    `${work}/podman/root`,
    '--runroot',
    `${work}/podman/run`,
    '--cgroup-manager=cgroupfs',
    '--runtime=runc',
    '--events-backend=file',
  ];
  run([...command, 'load', '-i', image]);
  const [program = '', ...args] = [...command, 'system', 'service', '--time=0', `unix://${socket}`];
  const service = spawn(program, args, { stdio: 'ignore' });
  await untilAnswers(socket, service, 30);
  return {
    name: 'podman',
    version: run(['podman', '--version']).trim(),
    command,
    env: {},
    socket,
    image: 'localhost/bench:latest',
    // podman's command line needs no daemon.
    enginePids: () => [],
    helpers: ['conmon'],
    stop: () => stopDaemon(service),
  };
}
