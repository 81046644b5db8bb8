/** The mounts of a RUN, with their variables filled in. */

import { posix } from 'node:path';
import { DockerfileError, type LineRange } from './dockerfile-error.ts';
import type { MountFlag } from './instruction.ts';
import type { StageState } from './stage-state.ts';
import type { Source, StepMount } from './worker.ts';

const SHARINGS = ['shared', 'private', 'locked'] as const;
const DEFAULT_SECRET_MODE = 0o400;
const DEFAULT_AGENT_MODE = 0o600;
const MAX_ID = 2 ** 32 - 2;
const TRUE_WORDS: ReadonlySet<string> = new Set(['true', '1', '']);
const FALSE_WORDS: ReadonlySet<string> = new Set(['false', '0']);

/** `index` counts the RUN's ssh mounts, whose sockets are named after it. `from` gives the source of a name. */
export async function mountRequest(
  state: StageState,
  flag: MountFlag,
  where: { range: LineRange; index: number; from: (name: string) => Promise<Source> },
): Promise<StepMount> {
  const text = (key: string, absent: string) => {
    const value = flag.options.get(key);
    return value === undefined ? absent : state.expand(value);
  };
  const { type } = flag;
  const source = text('source', type === 'secret' ? '' : '/');
  const id = text(
    'id',
    type === 'secret' ? posix.basename(text('target', source)) : type === 'ssh' ? 'default' : '',
  );
  const target = text('target', defaultTarget(flag, id, where.index));
  const from = flag.options.has('from') ? await where.from(text('from', '')) : undefined;
  if (type === 'secret' && id === '') {
    throw new DockerfileError('one of source, target or id required', where.range);
  }
  return {
    type,
    target: target === '' ? '' : posix.resolve('/', state.config.workingDir || '/', target),
    readOnly: isReadOnly(flag, where.range),
    from: type === 'bind' ? (from ?? { kind: 'context' }) : from,
    source: posix.resolve('/', source),
    id: type === 'cache' && id === '' ? posix.normalize(target) : id,
    sharing: sharing(text('sharing', 'shared'), where.range),
    mode: mode(flag.options.get('mode'), type, where.range),
    uid: number('uid', text('uid', '0'), where.range),
    gid: number('gid', text('gid', '0'), where.range),
    required: flag.options.has('required') && truth('required', text('required', ''), where.range),
    env: text('env', ''),
    size: size(text('size', '0'), where.range),
  };
}

/** A secret for a variable has no file unless one is asked for. */
function defaultTarget({ type, options }: MountFlag, id: string, index: number): string {
  if (type === 'secret') return options.has('env') ? '' : `/run/secrets/${id}`;
  return type === 'ssh' ? `/run/buildkit/ssh_agent.${index}` : '';
}

/** A bind mount is read-only unless asked otherwise; a cache the other way round. */
function isReadOnly({ type, options }: MountFlag, range: LineRange): boolean {
  const rw = options.get('rw');
  const ro = options.get('ro');
  if (rw !== undefined) return !truth('rw', rw, range);
  if (ro !== undefined) return truth('ro', ro, range);
  return type === 'bind';
}

function sharing(text: string, range: LineRange): StepMount['sharing'] {
  const found = SHARINGS.find((word) => word === text);
  if (found !== undefined) return found;
  throw new DockerfileError(
    `unsupported sharing value ${JSON.stringify(text.slice(0, 40))}`,
    range,
  );
}

function mode(
  text: string | undefined,
  type: MountFlag['type'],
  range: LineRange,
): number | undefined {
  if (text === undefined) {
    return type === 'secret'
      ? DEFAULT_SECRET_MODE
      : type === 'ssh'
        ? DEFAULT_AGENT_MODE
        : undefined;
  }
  if (/^[0-7]{1,5}$/.test(text)) return Number.parseInt(text, 8) & 0o7777;
  throw new DockerfileError(`invalid value ${text.slice(0, 40)} for mode`, range);
}

function number(key: string, text: string, range: LineRange): number {
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= MAX_ID) return value;
  throw new DockerfileError(`invalid value ${text.slice(0, 40)} for ${key}`, range);
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3],
]);

function size(text: string, range: LineRange): number {
  const [, digits = '', unit = ''] = /^([0-9]{1,12})([a-z]?)b?$/.exec(text.toLowerCase()) ?? [];
  const factor = UNITS.get(unit);
  if (digits !== '' && factor !== undefined) return Number(digits) * factor;
  throw new DockerfileError(`invalid size ${JSON.stringify(text.slice(0, 40))}`, range);
}

function truth(key: string, text: string, range: LineRange): boolean {
  const word = text.toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  throw new DockerfileError(`invalid value for ${key}: ${text.slice(0, 40)}`, range);
}
