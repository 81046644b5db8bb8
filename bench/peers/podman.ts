import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { run } from '../command.ts';
import { type EnginePeer, stopDaemon, untilAnswers } from './peer.ts';

/** podman with its own roots, and its API service for the scenarios that need a socket. */
export async function startPodman(work: string, image: string): Promise<EnginePeer> {
  const socket = `${work}/podman.sock`;
  mkdirSync(`${work}/podman`, { recursive: true });
  // podman raises hard limits by default, which takes CAP_SYS_RESOURCE.
  const settings = `${work}/podman/containers.conf`;
  writeFileSync(
    settings,
    '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n',
  );
  const env = { CONTAINERS_CONF: settings };
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
  run([...command, 'load', '-i', image], { env });
  const [program = '', ...args] = [...command, 'system', 'service', '--time=0', `unix://${socket}`];
  const service = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  await untilAnswers(socket, service, 30);
  return {
    name: 'podman',
    version: run(['podman', '--version']).trim(),
    command,
    env,
    socket,
    image: 'localhost/bench:latest',
    pullFlags: ['--tls-verify=false'],
    // podman's command line needs no daemon.
    enginePids: () => [],
    helpers: ['conmon'],
    stop: () => stopDaemon(service),
  };
}
