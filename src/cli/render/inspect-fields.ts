/** What the JSON of an inspected object does not say about its fields. */

/** Fields that are maps: any key may be asked for. All other objects are structures. */
const MAPS = new Set([
  'Annotations',
  'AuxiliaryAddresses',
  'Containers',
  'Data',
  'DriverOpts',
  'EndpointsConfig',
  'ExposedPorts',
  'IndexConfigs',
  'Labels',
  'Networks',
  'Options',
  'PortBindings',
  'Ports',
  'Runtimes',
  'StorageOpt',
  'Sysctls',
  'Tmpfs',
  'Volumes',
]);

/** Fields that the API leaves out when they are empty. */
const OPTIONAL = new Set([
  'Annotations',
  'ArgsEscaped',
  'AuthConfig',
  'BindOptions',
  'Created',
  'Descriptor',
  'Driver',
  'Health',
  'Healthcheck',
  'ImageManifestDescriptor',
  'Init',
  'LogPath',
  'MacAddress',
  'Mounts',
  'Name',
  'NetworkDisabled',
  'OnBuild',
  'Options',
  'OsVersion',
  'Parent',
  'Platform',
  'Shell',
  'SizeRootFs',
  'SizeRw',
  'Status',
  'StopSignal',
  'StopTimeout',
  'StorageOpt',
  'Sysctls',
  'TmpfsOptions',
  'Tmpfs',
  'UsageData',
  'Variant',
  'Volumes',
  'VolumeOptions',
  'ExposedPorts',
  'Labels',
]);

/** Fields that are one optional value; null in another field is an empty list or map. */
const POINTERS = new Set([
  'BindOptions',
  'Descriptor',
  'DriverConfig',
  'ExitCode',
  'Health',
  'Healthcheck',
  'IPAMConfig',
  'Init',
  'MemorySwappiness',
  'OomKillDisable',
  'PidsLimit',
  'SizeRootFs',
  'SizeRw',
  'StopTimeout',
  'TmpfsOptions',
  'UsageData',
  'VolumeOptions',
]);

export function nilText(name: string): string {
  if (MAPS.has(name)) return 'map[]';
  return POINTERS.has(name) ? '<nil>' : '[]';
}

export function mayLack(name: string): boolean {
  return OPTIONAL.has(name);
}

/** Finds the maps inside inspected data, by the names of the fields that hold them. */
export function mapsOf(data: unknown): WeakSet<object> {
  const maps = new WeakSet<object>();
  collect(data, '', '', maps);
  return maps;
}

function collect(value: unknown, parent: string, name: string, maps: WeakSet<object>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, parent, name, maps);
    return;
  }
  // LogConfig.Config is a map, the Config of a container is not.
  const isMap = MAPS.has(name) || (name === 'Config' && parent === 'LogConfig');
  if (isMap) maps.add(value);
  for (const [key, item] of Object.entries(value)) collect(item, name, isMap ? '' : key, maps);
}
