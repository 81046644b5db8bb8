/** What a container has from outside of itself: CRIU must be told of it at the checkpoint, and given it again at the restore. */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { readKernelText } from '../../host/kernel-files.ts';
import type { RuntimeSpec } from '../../spec/runtime/index.ts';

/** `tiffin.json` beside the images. */
export interface Outside {
  /** CRIU's names of what standard input, output and error were; empty for a file of the container's own mounts. */
  streams: string[];
  /** Paths in the container where a device of the host's /dev is mounted, with its name there. */
  devices: [path: string, name: string][];
}

const FILE = 'tiffin.json';
const NETWORK_KEY = 'extRootNetNS';

export function findOutside(pid: number): Outside {
  const mounts = readMounts(pid);
  const own = new Set(mounts.map(([id]) => Number(id)));
  return {
    streams: [0, 1, 2].map((fd) => streamName(pid, fd, own)),
    devices: deviceMounts(mounts),
  };
}

/** Lines of mountinfo, in words: proc_pid_mountinfo(5). */
function readMounts(pid: number): string[][] {
  const text = readKernelText(`/proc/${pid}/mountinfo`) ?? '';
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
}

/** A pipe by its inode, everything else by mount and inode. A file of the container's `own` mounts CRIU finds itself. */
function streamName(pid: number, fd: number, own: ReadonlySet<number>): string {
  const path = `/proc/${pid}/fd/${fd}`;
  const { ino } = statSync(path);
  const info = readKernelText(`/proc/${pid}/fdinfo/${fd}`) ?? '';
  const mount = Number(/^mnt_id:\s*(\d{1,10})$/m.exec(info)?.[1] ?? 0);
  if (statSync(path).isFIFO()) return `pipe:[${ino}]`;
  return own.has(mount) ? '' : `file[${mount.toString(16)}:${ino.toString(16)}]`;
}

/** Files of a /dev that cover something: hidden files, and nodes where the kernel refuses to make any. */
function deviceMounts(mounts: readonly string[][]): Outside['devices'] {
  return mounts.flatMap(([, , , root = '', path = '']) => {
    const name = root.slice(1);
    return DEVICES.has(name) ? [[path, name] as [string, string]] : [];
  });
}

const DEVICES = new Set(['null', 'zero', 'full', 'random', 'urandom', 'tty']);

/** Arguments of dump. */
export function dumpArguments(outside: Outside, spec: RuntimeSpec): string[] {
  const mounts = [
    ...bindMounts(spec).map(([path]) => path),
    ...outside.devices.map(([path]) => path),
  ];
  const files = new Set(outside.streams.filter((name) => name.startsWith('file[')));
  return [
    ...[...new Set(mounts)].map((path) => `mnt[${path}]:${path}`),
    ...files,
    ...networkPath(spec).map((path) => `net[${statSync(path).ino}]:${NETWORK_KEY}`),
  ].flatMap((name) => ['--external', name]);
}

/** Arguments of restore; descriptor 3 is the network namespace, where one is given by path. */
export function restoreArguments(outside: Outside, spec: RuntimeSpec): string[] {
  const mounts = [
    ...bindMounts(spec),
    ...outside.devices.map(([path, name]): [string, string] => [path, `/dev/${name}`]),
  ];
  const descriptors = [
    ...outside.streams.flatMap((name, fd) => (name === '' ? [] : [`fd[${fd}]:${name}`])),
    ...networkPath(spec).map(() => `fd[3]:${NETWORK_KEY}`),
  ];
  return [
    ...mounts.flatMap(([path, source]) => ['--external', `mnt[${path}]:${source}`]),
    ...descriptors.flatMap((name) => ['--inherit-fd', name]),
  ];
}

function bindMounts({ mounts = [] }: RuntimeSpec): [path: string, source: string][] {
  return mounts.flatMap(({ type, options = [], destination, source = '' }) =>
    type === 'bind' || options.includes('bind') || options.includes('rbind')
      ? [[destination, source] as [string, string]]
      : [],
  );
}

/** The path of a network namespace that the container joins, or none. */
export function networkPath({ linux }: RuntimeSpec): string[] {
  return (linux?.namespaces ?? []).flatMap(({ type, path = '' }) =>
    type === 'network' && path !== '' ? [path] : [],
  );
}

/** @throws TiffinError `unsupported` for what cannot be restored by way of files alone. */
export function refuseUnrestorable(spec: RuntimeSpec): void {
  const joined = (spec.linux?.namespaces ?? []).find(
    ({ type, path = '' }) => type !== 'network' && path !== '',
  );
  const reason =
    joined !== undefined
      ? `a container that joins a ${joined.type} namespace`
      : spec.process?.terminal === true
        ? 'a container with a terminal'
        : undefined;
  if (reason === undefined) return;
  throw new TiffinError('unsupported', 'not-restorable', `cannot checkpoint or restore ${reason}`);
}

export function outsideFile(images: string): string {
  return join(images, FILE);
}

/** @throws TiffinError `no-checkpoint`. */
export function readOutside(images: string): Outside {
  const value = parse(images);
  const { streams, devices } = Object(value) as Record<string, unknown>;
  if (!isList(streams, isText) || !isList(devices, isPair)) throw noCheckpoint(images);
  return { streams, devices };
}

function parse(images: string): unknown {
  try {
    return JSON.parse(readFileSync(outsideFile(images), 'utf8'));
  } catch {
    throw noCheckpoint(images);
  }
}

function isList<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length < 4096;
}

function isPair(value: unknown): value is [string, string] {
  return isList(value, isText) && value.length === 2 && DEVICES.has(value[1] ?? '');
}

function noCheckpoint(images: string): TiffinError {
  return new TiffinError('not-found', 'no-checkpoint', `no checkpoint in ${images}`, {
    hint: 'give --image-path of a checkpoint that tiffin made',
  });
}
