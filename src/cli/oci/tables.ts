/** The flags of each verb, runc's and where they differ crun's; `help-texts.ts` words them. */

import type { FlagTable } from './flags.ts';

const LAUNCH = {
  bundle: 'text',
  config: 'text',
  'console-socket': 'text',
  'pid-file': 'text',
  'pidfd-socket': 'text',
  'no-pivot': 'switch',
  'no-new-keyring': 'switch',
  'no-subreaper': 'switch',
  'preserve-fds': 'number',
} as const;

const CRIU = {
  'image-path': 'text',
  'work-path': 'text',
  'tcp-established': 'switch',
  'ext-unix-sk': 'switch',
  'shell-job': 'switch',
  'lazy-pages': 'switch',
  'file-locks': 'switch',
  'manage-cgroups-mode': 'text',
  'empty-ns': 'list',
  'auto-dedup': 'switch',
} as const;

const NONE: FlagTable = { flags: {} };

export const TABLES = {
  create: { flags: LAUNCH, short: { b: 'bundle', f: 'config' } },
  run: {
    flags: { ...LAUNCH, detach: 'switch', keep: 'switch' },
    short: { b: 'bundle', d: 'detach', f: 'config' },
  },
  start: NONE,
  state: NONE,
  kill: { flags: { all: 'switch', regex: 'switch' }, short: { a: 'all', r: 'regex' } },
  delete: { flags: { force: 'switch', regex: 'switch' }, short: { f: 'force', r: 'regex' } },
  exec: {
    flags: {
      'console-socket': 'text',
      'pidfd-socket': 'text',
      cwd: 'text',
      env: 'list',
      tty: 'switch',
      user: 'text',
      'additional-gids': 'list',
      process: 'text',
      detach: 'switch',
      'pid-file': 'text',
      'process-label': 'text',
      apparmor: 'text',
      'no-new-privs': 'switch',
      cap: 'list',
      'preserve-fds': 'number',
      'ignore-paused': 'switch',
      cgroup: 'list',
      'no-subreaper': 'switch',
    },
    short: {
      e: 'env',
      t: 'tty',
      u: 'user',
      g: 'additional-gids',
      p: 'process',
      d: 'detach',
      c: 'cap',
    },
  },
  list: { flags: { format: 'text', quiet: 'switch' }, short: { f: 'format', q: 'quiet' } },
  ps: { flags: { format: 'text' }, short: { f: 'format' } },
  events: { flags: { interval: 'text', stats: 'switch' } },
  update: {
    flags: {
      resources: 'text',
      memory: 'text',
      'memory-reservation': 'text',
      'memory-swap': 'text',
      'kernel-memory': 'text',
      'kernel-memory-tcp': 'text',
      'cpu-shares': 'text',
      'cpu-share': 'text',
      'cpu-period': 'text',
      'cpu-quota': 'text',
      'cpu-burst': 'text',
      'cpu-rt-period': 'text',
      'cpu-rt-runtime': 'text',
      'cpu-idle': 'text',
      'cpuset-cpus': 'text',
      'cpuset-mems': 'text',
      'pids-limit': 'text',
      'blkio-weight': 'text',
      'l3-cache-schema': 'text',
      'mem-bw-schema': 'text',
    },
    short: { r: 'resources' },
  },
  pause: NONE,
  resume: NONE,
  spec: {
    flags: { bundle: 'text', file: 'text', rootless: 'switch' },
    short: { b: 'bundle', f: 'file' },
  },
  features: NONE,
  checkpoint: {
    flags: {
      ...CRIU,
      'parent-path': 'text',
      'leave-running': 'switch',
      'tcp-skip-in-flight': 'switch',
      'link-remap': 'switch',
      'status-fd': 'text',
      'page-server': 'text',
      'pre-dump': 'switch',
    },
  },
  restore: {
    flags: {
      ...CRIU,
      bundle: 'text',
      'console-socket': 'text',
      detach: 'switch',
      'pid-file': 'text',
      'no-subreaper': 'switch',
      'no-pivot': 'switch',
      'lsm-profile': 'text',
      'lsm-mount-context': 'text',
    },
    short: { b: 'bundle', d: 'detach' },
  },
} as const satisfies Record<string, FlagTable>;

export type VerbName = keyof typeof TABLES;

/** Flags before the verb. */
export const GLOBALS = {
  flags: {
    root: 'text',
    log: 'text',
    'log-format': 'text',
    debug: 'switch',
    'systemd-cgroup': 'switch',
    'cgroup-manager': 'text',
    rootless: 'text',
    criu: 'text',
    version: 'switch',
  },
  short: { v: 'version', V: 'version' },
} as const satisfies FlagTable;
