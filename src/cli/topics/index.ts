/** What `tiffin help` has to say beyond commands. */

export interface Topic {
  name: string;
  summary: string;
  load: () => Promise<string>;
}

export const topics: readonly Topic[] = [
  {
    name: 'compose',
    summary: 'docker compose with this engine',
    load: async () => (await import('./compose.ts')).text,
  },
  {
    name: 'contexts',
    summary: 'Engines to choose from',
    load: async () => (await import('./contexts.ts')).text,
  },
  {
    name: 'environment',
    summary: 'Variables that the command line and the engine read',
    load: async () => (await import('./environment.ts')).text,
  },
  {
    name: 'exit-codes',
    summary: 'What the exit status of a command means',
    load: async () => (await import('./exit-codes.ts')).text,
  },
  {
    name: 'filters',
    summary: '--filter of lists, prunes and events',
    load: async () => (await import('./filters.ts')).text,
  },
  {
    name: 'formatting',
    summary: '--format: tables, JSON and Go templates',
    load: async () => (await import('./formatting.ts')).text,
  },
  {
    name: 'networking',
    summary: 'Networks, addresses, names and published ports',
    load: async () => (await import('./networking.ts')).text,
  },
  {
    name: 'resources',
    summary: 'Limits of memory, processors, processes and devices',
    load: async () => (await import('./resources.ts')).text,
  },
  {
    name: 'storage',
    summary: 'Volumes, binds, tmpfs and what takes space',
    load: async () => (await import('./storage.ts')).text,
  },
];
