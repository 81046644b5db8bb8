/** `--mount type=bind,source=/a,target=/b,…`: pairs separated by commas. */

import { resolve } from 'node:path';
import type { Mount } from '../../spec/docker.ts';
import { splitCommas } from '../flags/spec.ts';
import { parseBoolean, ValueError } from '../values/number.ts';
import { parseSize } from '../values/size.ts';

type Draft = Partial<
  Omit<Mount, 'Type' | 'BindOptions' | 'VolumeOptions' | 'TmpfsOptions' | 'ImageOptions'>
> & {
  Type: string;
  BindOptions?: Record<string, unknown>;
  VolumeOptions?: { DriverConfig?: { Name?: string; Options?: Record<string, string> } } & Record<
    string,
    unknown
  >;
  TmpfsOptions?: Record<string, unknown>;
  ImageOptions?: Record<string, unknown>;
};

export type MountRequest = Draft;

type Setter = (draft: Draft, value: string, key: string) => void;

/** Fields that only one type of mount has, by the request's field that holds them. */
const FIELD_TYPES = [
  ['BindOptions', 'bind'],
  ['VolumeOptions', 'volume'],
  ['TmpfsOptions', 'tmpfs'],
  ['ImageOptions', 'image'],
] as const;

const setters: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  [
    'type',
    (draft, value) => {
      draft.Type = value.toLowerCase();
    },
  ],
  ...names(['source', 'src'], (draft, value) => {
    draft.Source = absoluteSource(value);
  }),
  ...names(['target', 'dst', 'destination'], (draft, value) => {
    draft.Target = value;
  }),
  ...names(['readonly', 'ro'], (draft, value, key) => {
    draft.ReadOnly = readBoolean(value, key);
  }),
  [
    'consistency',
    (draft, value) => {
      draft.Consistency = value.toLowerCase();
    },
  ],
  [
    'bind-propagation',
    (draft, value) => {
      bind(draft).Propagation = value.toLowerCase();
    },
  ],
  [
    'bind-nonrecursive',
    (draft, value, key) => {
      bind(draft).NonRecursive = readBoolean(value, key);
    },
  ],
  [
    'bind-create-mountpoint',
    (draft, value, key) => {
      bind(draft).CreateMountpoint = readBoolean(value, key);
    },
  ],
  ['bind-recursive', setRecursive],
  [
    'volume-subpath',
    (draft, value) => {
      volume(draft).Subpath = value;
    },
  ],
  [
    'volume-nocopy',
    (draft, value, key) => {
      volume(draft).NoCopy = readBoolean(value, key);
    },
  ],
  [
    'volume-label',
    (draft, value) => {
      pair(volume(draft), 'Labels', value);
    },
  ],
  [
    'volume-driver',
    (draft, value) => {
      driver(draft).Name = value;
    },
  ],
  [
    'volume-opt',
    (draft, value) => {
      pair(driver(draft), 'Options', value);
    },
  ],
  [
    'image-subpath',
    (draft, value) => {
      draft.ImageOptions = { Subpath: value };
    },
  ],
  [
    'tmpfs-size',
    (draft, value, key) => {
      tmpfs(draft).SizeBytes = readSize(value, key);
    },
  ],
  [
    'tmpfs-mode',
    (draft, value, key) => {
      tmpfs(draft).Mode = readMode(value, key);
    },
  ],
]);

const BARE = new Set([
  'readonly',
  'ro',
  'volume-nocopy',
  'bind-nonrecursive',
  'bind-create-mountpoint',
]);

export function checkMount(text: string): string {
  parseMount(text);
  return text;
}

export function parseMount(text: string): MountRequest {
  const draft: Draft = { Type: 'volume' };
  const fields = splitCommas(text.trim());
  if (fields.length === 0) throw new ValueError('value is empty');
  for (const field of fields) setField(draft, field);
  const { Type: type } = draft;
  if (type === '') throw new ValueError('type is required');
  if (draft.Target === undefined || draft.Target === '') throw new ValueError('target is required');
  for (const [options, owner] of FIELD_TYPES) {
    if (draft[options] !== undefined && type !== owner) {
      throw new ValueError(`cannot mix '${owner}-*' options with mount type '${type}'`);
    }
  }
  if (draft.BindOptions?.ReadOnlyNonRecursive === true && draft.ReadOnly !== true) {
    throw new ValueError(
      "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction",
    );
  }
  return draft;
}

function setField(draft: Draft, field: string): void {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  if (equals < 0 && !BARE.has(key)) {
    throw new ValueError(`invalid field '${field}' must be a key=value pair`);
  }
  const setter = setters.get(key);
  if (setter === undefined) throw new ValueError(`unexpected key '${key}' in '${field}'`);
  setter(draft, equals < 0 ? 'true' : field.slice(equals + 1), key);
}

const RECURSIVE: ReadonlyMap<string, object> = new Map<string, object>([
  ['enabled', {}],
  ['disabled', { NonRecursive: true }],
  ['writable', { ReadOnlyNonRecursive: true }],
  ['readonly', { ReadOnlyForceRecursive: true }],
]);

function setRecursive(draft: Draft, value: string): void {
  const options = RECURSIVE.get(value);
  if (options === undefined) {
    throw new ValueError(
      `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
    );
  }
  Object.assign(bind(draft), options);
}

function names(keys: readonly string[], setter: Setter): [string, Setter][] {
  return keys.map((key) => [key, setter]);
}

function bind(draft: Draft): Record<string, unknown> {
  draft.BindOptions ??= {};
  return draft.BindOptions;
}

function volume(
  draft: Draft,
): Record<string, unknown> & { DriverConfig?: Record<string, unknown> } {
  draft.VolumeOptions ??= {};
  return draft.VolumeOptions;
}

function driver(draft: Draft): Record<string, unknown> {
  const options = volume(draft);
  options.DriverConfig ??= {};
  return options.DriverConfig;
}

function tmpfs(draft: Draft): Record<string, unknown> {
  draft.TmpfsOptions ??= {};
  return draft.TmpfsOptions;
}

function pair(holder: Record<string, unknown>, field: string, text: string): void {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  const before = holder[field];
  const old = typeof before === 'object' && before !== null ? Object.entries(before) : [];
  holder[field] = Object.fromEntries([...old, [key, equals < 0 ? '' : text.slice(equals + 1)]]);
}

/** Relative paths with a dot are the caller's; the engine knows another working directory. */
export function absoluteSource(path: string): string {
  return path === '.' || path.startsWith('./') || path === '..' || path.startsWith('../')
    ? resolve(path)
    : path;
}

function readBoolean(value: string, key: string): boolean {
  try {
    return parseBoolean(value);
  } catch {
    throw new ValueError(`invalid value for ${key}: ${value}`);
  }
}

function readSize(value: string, key: string): number {
  try {
    return parseSize(value);
  } catch {
    throw new ValueError(`invalid value for ${key}: ${value}`);
  }
}

function readMode(value: string, key: string): number {
  if (!/^[0-7]{1,5}$/.test(value)) throw new ValueError(`invalid value for ${key}: ${value}`);
  return Number.parseInt(value, 8);
}
