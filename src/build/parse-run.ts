/** `RUN`: exec form, shell form, heredocs, mounts. */

import { DockerfileError, type LineRange } from './dockerfile-error.ts';
import { takeFlags } from './flags.ts';
import { isHeredocWord } from './heredoc.ts';
import type { CommandLine, Instruction, MountFlag, MountType } from './instruction.ts';
import { common, jsonTexts, missing, type Operands } from './parse-instruction.ts';
import { splitRaw } from './split-raw.ts';

const FLAGS = { mount: 'list', network: 'text', security: 'text', device: 'list' } as const;
const NETWORKS = ['default', 'none', 'host'];
const SECURITIES = ['sandbox', 'insecure'];

export function parseRun(operands: Operands): Instruction {
  const { line, escaper } = operands;
  const { flags, rest } = takeFlags(operands.rest, FLAGS, {
    instruction: 'RUN',
    range: line.range,
    escaper,
  });
  if (rest === '') throw missing('RUN', operands, 'at least one argument');
  const network = flags.text('network') ?? 'default';
  const security = flags.text('security') ?? 'sandbox';
  requireOne('network mode', network, NETWORKS, line.range);
  requireOne('security', security, SECURITIES, line.range);
  if (flags.list('device').length > 0) {
    throw new DockerfileError('RUN --device is not supported by this engine', line.range);
  }
  return {
    kind: 'run',
    command: command(rest, operands),
    mounts: flags.list('mount').map((text) => parseMount(text, line.range)),
    network,
    security,
    heredocs: line.heredocs,
    ...common(operands),
  };
}

/**
 * One heredoc alone is a script; behind a command it is that command's input, so the shell gets the lines as they stand.
 */
function command(rest: string, { line, escaper }: Operands): CommandLine {
  const [body, ...more] = line.heredocs;
  if (body === undefined) {
    const args = jsonTexts(rest);
    return args === undefined ? { form: 'shell', text: rest } : { form: 'exec', args };
  }
  const words = splitRaw(rest, escaper);
  const alone = words.length === 1 && more.length === 0 && isHeredocWord(words[0] ?? '');
  if (alone) return { form: 'shell', text: body.content };
  const bodies = line.heredocs.map(({ name, content }) => `${content}${name}`);
  return { form: 'shell', text: [rest, ...bodies].join('\n') };
}

const TYPES: ReadonlySet<string> = new Set(['bind', 'cache', 'tmpfs', 'secret', 'ssh']);

/** Keys by type; `target` has more names. */
const KEYS: Readonly<Record<MountType, readonly string[]>> = {
  bind: [
    'source',
    'src',
    'target',
    'dst',
    'destination',
    'from',
    'rw',
    'readwrite',
    'ro',
    'readonly',
  ],
  cache: [
    'id',
    'target',
    'dst',
    'destination',
    'from',
    'source',
    'src',
    'sharing',
    'mode',
    'uid',
    'gid',
    'ro',
    'readonly',
    'rw',
    'readwrite',
  ],
  tmpfs: ['target', 'dst', 'destination', 'size'],
  secret: [
    'id',
    'target',
    'dst',
    'destination',
    'env',
    'required',
    'mode',
    'uid',
    'gid',
    'source',
    'src',
  ],
  ssh: ['id', 'target', 'dst', 'destination', 'required', 'mode', 'uid', 'gid'],
};
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['src', 'source'],
  ['dst', 'target'],
  ['destination', 'target'],
  ['readonly', 'ro'],
  ['readwrite', 'rw'],
]);

function parseMount(text: string, range: LineRange): MountFlag {
  const options = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (key === '') continue;
    const name = ALIASES.get(key) ?? key;
    options.set(name, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  const type = options.get('type') ?? 'bind';
  if (!isMountType(type)) {
    throw new DockerfileError(`unsupported mount type ${JSON.stringify(type.slice(0, 40))}`, range);
  }
  options.delete('type');
  for (const key of options.keys()) {
    if (KEYS[type].includes(key)) continue;
    throw new DockerfileError(
      `unexpected key '${key.slice(0, 40)}' for mount type '${type}'`,
      range,
    );
  }
  const needsTarget = type === 'bind' || type === 'cache' || type === 'tmpfs';
  if (needsTarget && (options.get('target') ?? '') === '') {
    throw new DockerfileError(
      `invalid mount config for type ${JSON.stringify(type)}: target is required`,
      range,
    );
  }
  return { type, options };
}

function isMountType(text: string): text is MountType {
  return TYPES.has(text);
}

function requireOne(what: string, value: string, known: readonly string[], range: LineRange): void {
  if (known.includes(value)) return;
  throw new DockerfileError(
    `unsupported ${what} ${JSON.stringify(value.slice(0, 40))}`,
    range,
    `use one of ${known.join(', ')}`,
  );
}
