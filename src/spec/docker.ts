/**
 * The types of the Docker Engine API 1.51 as Tiffin speaks them. Field names are Docker's. Requests are what the parsers of `src/api` return: complete,
 * checked, attacker-chosen keys in null-prototype objects.
 */

export type * from './docker/build.ts';
export type * from './docker/container.ts';
export type * from './docker/exec.ts';
export type * from './docker/host-config.ts';
export type * from './docker/image.ts';
export type * from './docker/network.ts';
export type * from './docker/stats.ts';
export type * from './docker/system.ts';
export type * from './docker/volume.ts';
