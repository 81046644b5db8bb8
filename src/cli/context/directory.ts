/** Where docker's clients keep their configuration. */

import { homedir } from 'node:os';

export function configDirectory(): string {
  return process.env.DOCKER_CONFIG || `${homedir()}/.docker`;
}

export function configPath(): string {
  return `${configDirectory()}/config.json`;
}
