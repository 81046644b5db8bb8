/** `--change` of import and commit: a few Dockerfile instructions applied to an image's defaults. */

import { posix } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import type { ImageDefaults } from '../../spec/image-config.ts';
import { healthChange } from './health-change.ts';
import { splitWords } from './words.ts';

const MAX_CHANGES = 1000;
const MAX_PORT_RANGE = 65536;

type Apply = (config: ImageDefaults, rest: string) => void;

const INSTRUCTIONS: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  [
    'CMD',
    (config, rest) => {
      config.cmd = commandLine(config, rest);
    },
  ],
  [
    'ENTRYPOINT',
    (config, rest) => {
      config.entrypoint = commandLine(config, rest);
    },
  ],
  [
    'ENV',
    (config, rest) => {
      for (const [key, value] of pairs('ENV', rest)) setEnv(config, key, value);
    },
  ],
  [
    'LABEL',
    (config, rest) => {
      for (const [key, value] of pairs('LABEL', rest)) config.labels[key] = value;
    },
  ],
  [
    'EXPOSE',
    (config, rest) => {
      for (const word of splitWords(rest)) addPorts(config, word);
    },
  ],
  [
    'USER',
    (config, rest) => {
      config.user = single('USER', rest);
    },
  ],
  [
    'VOLUME',
    (config, rest) => {
      for (const path of jsonList(rest) ?? splitWords(rest)) add(config.volumes, path);
    },
  ],
  [
    'WORKDIR',
    (config, rest) => {
      config.workingDir = posix.resolve('/', config.workingDir, single('WORKDIR', rest));
    },
  ],
  [
    'STOPSIGNAL',
    (config, rest) => {
      config.stopSignal = single('STOPSIGNAL', rest);
    },
  ],
  [
    'SHELL',
    (config, rest) => {
      config.shell = requiredList('SHELL', rest);
    },
  ],
  [
    'HEALTHCHECK',
    (config, rest) => {
      config.healthcheck = healthChange(rest, jsonList);
    },
  ],
  [
    'ONBUILD',
    (config, rest) => {
      config.onBuild = [...(config.onBuild ?? []), rest];
    },
  ],
]);

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** A changed copy. Throws `invalid` naming the change. */
export function applyChanges(config: ImageDefaults, changes: readonly string[]): ImageDefaults {
  if (changes.length > MAX_CHANGES) throw invalid(`more than ${MAX_CHANGES} changes`);
  const changed: ImageDefaults = {
    ...config,
    env: [...config.env],
    exposedPorts: [...config.exposedPorts],
    volumes: [...config.volumes],
    labels: Object.assign(Object.create(null), config.labels),
  };
  for (const change of changes) applyOne(changed, change.trim());
  return changed;
}

function applyOne(config: ImageDefaults, change: string): void {
  const end = change.search(/\s/);
  const name = (end < 0 ? change : change.slice(0, end)).toUpperCase();
  const rest = end < 0 ? '' : change.slice(end).trim();
  const apply = INSTRUCTIONS.get(name);
  if (apply === undefined) {
    throw invalid(
      `${name.slice(0, 40)} is not a valid change command`,
      [...INSTRUCTIONS.keys()].join(', '),
    );
  }
  if (rest === '') throw invalid(`${name} requires an argument`);
  if (rest.includes('\0')) throw invalid(`${name} must not hold a NUL character`);
  apply(config, rest);
}

/** The exec form is a JSON list; anything else is for the shell. */
function commandLine(config: ImageDefaults, rest: string): string[] {
  return jsonList(rest) ?? [...(config.shell ?? DEFAULT_SHELL), rest];
}

function jsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
    return isTexts ? value : undefined;
  } catch {
    return undefined;
  }
}

function requiredList(name: string, rest: string): string[] {
  const list = jsonList(rest);
  if (list === undefined) throw invalid(`${name} requires the arguments to be in JSON form`);
  return list;
}

/** `key=value key2="a b"`, or in the old form one `key value`. */
function pairs(name: string, rest: string): [string, string][] {
  const words = splitWords(rest);
  const [first] = words;
  if (first !== undefined && !first.includes('=')) {
    const value = rest.slice(rest.search(/\s/)).trim();
    if (words.length < 2) throw invalid(`${name} must have two arguments`);
    return [[first, value]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1)
      throw invalid(`can't find = in ${JSON.stringify(word)}: must be of the form name=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function setEnv(config: ImageDefaults, key: string, value: string): void {
  const at = config.env.findIndex((entry) => entry.startsWith(`${key}=`));
  if (at < 0) config.env.push(`${key}=${value}`);
  else config.env[at] = `${key}=${value}`;
}

/** `80`, `80/udp`, `8000-8010/tcp` */
function addPorts(config: ImageDefaults, word: string): void {
  const [ports = '', protocol = 'tcp', ...more] = word.split('/');
  const [first = '', last = first, ...rest] = ports.split('-');
  const from = port(first);
  const to = port(last);
  const known = ['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase());
  const valid = from !== undefined && to !== undefined && from <= to && to - from < MAX_PORT_RANGE;
  if (!valid || !known || more.length > 0 || rest.length > 0) {
    throw invalid(`invalid containerPort: ${word}`);
  }
  for (let at = from; at <= to; at += 1)
    add(config.exposedPorts, `${at}/${protocol.toLowerCase()}`);
}

function port(text: string): number | undefined {
  const value = Number(text);
  const decimal =
    text.length > 0 && text.length <= 5 && [...text].every((digit) => digit >= '0' && digit <= '9');
  return decimal && value >= 1 && value <= 65535 ? value : undefined;
}

function single(name: string, rest: string): string {
  const [word, ...more] = splitWords(rest);
  if (word === undefined || more.length > 0) throw invalid(`${name} requires exactly one argument`);
  return word;
}

function add(list: string[], item: string): void {
  if (!list.includes(item)) list.push(item);
}

function invalid(message: string, known?: string): TiffinError {
  return new TiffinError(
    'invalid',
    'bad-change',
    message,
    known === undefined ? {} : { hint: `use one of ${known}` },
  );
}
