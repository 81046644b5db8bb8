/** Options that this engine has not, or not on this machine: refused at creation, because ignoring one would be a lie. */

import { TiffinError } from '../../base/errors.ts';
import type { HostFacts } from '../../host/facts.ts';
import type { HostConfig } from '../../spec/docker.ts';
import { parseSecurityOptions } from './security.ts';

/** Names under which clients ask for the engine's own runtime. */
const OWN_RUNTIMES: ReadonlySet<string> = new Set(['', 'tiffin', 'runc', 'io.containerd.runc.v2']);

/** Throws `invalid` or `unsupported` for the first option that cannot be had. */
export function validateOptions(host: HostConfig, facts: HostFacts): void {
  if (!OWN_RUNTIMES.has(host.Runtime)) throw unknownRuntime(host.Runtime);
  if (host.Isolation !== '' && host.Isolation !== 'default') throw badIsolation(host.Isolation);
  if (host.Cgroup !== '') throw joinedCgroup(host.Cgroup);
  if (Math.abs(host.OomScoreAdj) > 1000) throw badOomScore(host.OomScoreAdj);
  const [storage] = Object.keys(host.StorageOpt);
  if (storage !== undefined) throw storageOption(storage);
  const { apparmor } = parseSecurityOptions(host.SecurityOpt);
  if (apparmor !== undefined && apparmor !== 'unconfined' && !facts.apparmor) {
    throw noApparmor(apparmor);
  }
}

function unknownRuntime(name: string): TiffinError {
  const message = `unknown or invalid runtime name: ${name.slice(0, 64)}`;
  return new TiffinError('invalid', 'no-such-runtime', message, {
    hint: 'this engine is its own runtime; leave --runtime out',
  });
}

function badIsolation(isolation: string): TiffinError {
  const message = `invalid isolation '${isolation.slice(0, 64)}' on linux`;
  return new TiffinError('invalid', 'bad-mode', message);
}

function joinedCgroup(cgroup: string): TiffinError {
  const message = `joining a cgroup (Cgroup "${cgroup.slice(0, 80)}") is not supported`;
  return new TiffinError('unsupported', 'joined-cgroup', message, {
    hint: 'put both containers below one --cgroup-parent',
  });
}

function badOomScore(value: number): TiffinError {
  const message = `Invalid value ${value}, range for oom score adj is [-1000, 1000]`;
  return new TiffinError('invalid', 'bad-resources', message);
}

function storageOption(key: string): TiffinError {
  const message =
    key === 'size'
      ? '--storage-opt size is not supported: the writable layer of a container has no quota here'
      : `unknown option ${key.slice(0, 64)} for the storage of a container`;
  return new TiffinError('invalid', 'bad-storage-option', message, {
    hint: 'mount a volume or a tmpfs of a bounded size where the container may write much, and make the rest --read-only',
  });
}

function noApparmor(profile: string): TiffinError {
  const shown = JSON.stringify(profile.slice(0, 64));
  return new TiffinError(
    'invalid',
    'no-apparmor',
    `AppArmor profile ${shown} cannot be applied: this kernel has no AppArmor`,
  );
}
