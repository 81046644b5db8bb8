/** The instructions that only change the image's configuration. */

import { DockerfileError } from './dockerfile-error.ts';
import type { CommandLine, Instruction, InstructionOf } from './instruction.ts';
import type { StageState } from './stage-state.ts';

/** Applies it and returns what the history says; undefined: it is no setting. */
export function applySetting(state: StageState, instruction: Instruction): string | undefined {
  const { config } = state;
  switch (instruction.kind) {
    case 'env':
      return setPairs(state, instruction, (key, value) => state.setEnvironment(key, value));
    case 'label':
      return setPairs(state, instruction, (key, value) => {
        config.labels[key] = value;
      });
    case 'expose':
      return expose(state, instruction);
    case 'user':
      config.user = required('USER', state.expand(instruction.value), instruction);
      return `USER ${config.user}`;
    case 'stopsignal':
      config.stopSignal = required('STOPSIGNAL', state.expand(instruction.value), instruction);
      return `STOPSIGNAL ${config.stopSignal}`;
    case 'volume':
      return addVolumes(state, instruction);
    case 'cmd':
      config.cmd = commandArgs(state, instruction.command);
      state.ownCommand = true;
      return `CMD ${JSON.stringify(config.cmd)}`;
    case 'entrypoint':
      config.entrypoint = commandArgs(state, instruction.command);
      if (!state.ownCommand) config.cmd = undefined;
      return `ENTRYPOINT ${JSON.stringify(config.entrypoint)}`;
    case 'shell':
      config.shell = instruction.args;
      return `SHELL ${JSON.stringify(instruction.args)}`;
    case 'healthcheck':
      return setHealthcheck(state, instruction);
    case 'onbuild':
      config.onBuild = [...(config.onBuild ?? []), instruction.trigger];
      return `ONBUILD ${instruction.trigger}`;
    case 'maintainer':
      state.author = instruction.value;
      return `MAINTAINER ${instruction.value}`;
    default:
      return undefined;
  }
}

/** The shell form is for the stage's shell. */
export function commandArgs(state: StageState, command: CommandLine): string[] {
  return command.form === 'exec' ? command.args : [...state.shell, command.text];
}

/** Every value of one instruction sees what was there before it. */
function setPairs(
  state: StageState,
  instruction: InstructionOf<'env'> | InstructionOf<'label'>,
  set: (key: string, value: string) => void,
): string {
  const expanded = instruction.pairs.map(({ key, value }) => {
    const name = state.expand(key);
    if (name === '') {
      const kind = instruction.kind.toUpperCase();
      throw new DockerfileError(`${kind} names can not be blank`, instruction.range);
    }
    return [name, state.expand(value)] as const;
  });
  for (const [key, value] of expanded) set(key, value);
  const shown = expanded.map(([key, value]) => `${key}=${value}`).join(' ');
  return `${instruction.kind.toUpperCase()} ${shown}`;
}

const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);

function expose(state: StageState, instruction: InstructionOf<'expose'>): string {
  const words = state.expandAll(instruction.words);
  const { exposedPorts } = state.config;
  for (const word of words) {
    for (const port of portKeys(word, instruction)) {
      if (!exposedPorts.includes(port)) exposedPorts.push(port);
    }
  }
  return `EXPOSE ${JSON.stringify(words)}`;
}

/** `80`, `80/udp`, `8000-8010/tcp`; an address and a host port before a colon mean nothing here. */
function portKeys(word: string, { range }: Instruction): string[] {
  const [ports = '', protocol = 'tcp', ...more] = word.slice(word.lastIndexOf(':') + 1).split('/');
  const [first = '', last = first, ...rest] = ports.split('-');
  const [from, to] = [port(first), port(last)];
  const known = PROTOCOLS.has(protocol.toLowerCase());
  if (
    from === undefined ||
    to === undefined ||
    from > to ||
    !known ||
    more.length + rest.length > 0
  ) {
    throw new DockerfileError(`invalid containerPort: ${word.slice(0, 80)}`, range);
  }
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}/${protocol.toLowerCase()}`);
}

function port(text: string): number | undefined {
  const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= 65_535 ? value : undefined;
}

function addVolumes(state: StageState, instruction: InstructionOf<'volume'>): string {
  const paths = instruction.words.map((word) =>
    required('VOLUME', state.expand(word).trim(), instruction),
  );
  for (const path of paths) {
    if (!state.config.volumes.includes(path)) state.config.volumes.push(path);
  }
  return `VOLUME ${JSON.stringify(paths)}`;
}

function setHealthcheck(state: StageState, instruction: InstructionOf<'healthcheck'>): string {
  const { test, shell, options } = instruction;
  state.config.healthcheck = { test: test ?? ['CMD-SHELL', shell ?? ''], ...options };
  return instruction.text;
}

function required(name: string, value: string, { range }: Instruction): string {
  if (value === '') throw new DockerfileError(`${name}: the value is empty`, range);
  if (value.includes('\0'))
    throw new DockerfileError(`${name} must not hold a NUL character`, range);
  return value;
}
