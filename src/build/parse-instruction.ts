/** One instruction from its name and its operands, by a table of parsers. */

import { DockerfileError } from './dockerfile-error.ts';
import { takeFlags } from './flags.ts';
import type { CommandLine, Instruction, Pair } from './instruction.ts';
import type { Escape, LogicalLine } from './lines.ts';
import { parseCopy } from './parse-copy.ts';
import { parseHealthcheck } from './parse-health.ts';
import { parseRun } from './parse-run.ts';
import { splitRaw } from './split-raw.ts';

export interface Operands {
  /** What follows the name. */
  rest: string;
  line: LogicalLine;
  escaper: Escape;
}

type Parser = (operands: Operands) => Instruction;

const PARSERS: Readonly<Record<string, Parser>> = {
  ADD: (operands) => parseCopy('add', operands),
  ARG: parseArg,
  CMD: (operands) => ({ kind: 'cmd', command: commandLine(operands), ...common(operands) }),
  COPY: (operands) => parseCopy('copy', operands),
  ENTRYPOINT: (operands) => ({
    kind: 'entrypoint',
    command: commandLine(operands),
    ...common(operands),
  }),
  ENV: (operands) => ({ kind: 'env', pairs: pairs('ENV', operands), ...common(operands) }),
  EXPOSE: (operands) => ({ kind: 'expose', words: some('EXPOSE', operands), ...common(operands) }),
  HEALTHCHECK: parseHealthcheck,
  LABEL: (operands) => ({ kind: 'label', pairs: pairs('LABEL', operands), ...common(operands) }),
  MAINTAINER: (operands) => ({
    kind: 'maintainer',
    value: some('MAINTAINER', operands),
    ...common(operands),
  }),
  ONBUILD: parseOnBuild,
  RUN: parseRun,
  SHELL: parseShell,
  STOPSIGNAL: (operands) => ({
    kind: 'stopsignal',
    value: one('STOPSIGNAL', operands),
    ...common(operands),
  }),
  USER: (operands) => ({ kind: 'user', value: one('USER', operands), ...common(operands) }),
  VOLUME: parseVolume,
  WORKDIR: (operands) => ({
    kind: 'workdir',
    value: some('WORKDIR', operands),
    ...common(operands),
  }),
};

export const instructionNames: readonly string[] = Object.keys(PARSERS);

/** `name` is one of `instructionNames`. */
export function parseInstruction(name: string, operands: Operands): Instruction {
  const parser = PARSERS[name];
  if (parser === undefined) throw new DockerfileError(`unknown instruction: ${name}`);
  if (operands.rest.includes('\0')) {
    throw new DockerfileError(`${name} must not hold a NUL character`, operands.line.range);
  }
  return parser(operands);
}

export function common({ line }: Operands): { text: string; range: LogicalLine['range'] } {
  return { text: line.text, range: line.range };
}

/** A JSON list of texts is the exec form; anything else is for the shell. */
export function commandLine(operands: Operands): CommandLine {
  const rest = noFlags(operands);
  const args = jsonTexts(rest);
  return args === undefined ? { form: 'shell', text: rest } : { form: 'exec', args };
}

export function jsonTexts(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
    return isTexts ? value : undefined;
  } catch {
    return undefined;
  }
}

export function missing(name: string, operands: Operands, what: string): DockerfileError {
  return new DockerfileError(`${name} requires ${what}`, operands.line.range);
}

function noFlags(operands: Operands): string {
  const instruction = operands.line.text.split(/[ \t]/, 1)[0]?.toUpperCase() ?? '';
  if (instruction === 'CMD' || instruction === 'ENTRYPOINT' || instruction === 'RUN')
    return operands.rest;
  const { line, escaper } = operands;
  return takeFlags(operands.rest, {}, { instruction, range: line.range, escaper }).rest;
}

function some(name: string, operands: Operands): string {
  const rest = noFlags(operands);
  if (rest === '') throw missing(name, operands, 'at least one argument');
  return rest;
}

function one(name: string, operands: Operands): string {
  const words = splitRaw(noFlags(operands), operands.escaper);
  const [word] = words;
  if (word === undefined || words.length > 1) {
    throw missing(name, operands, 'exactly one argument');
  }
  return word;
}

/** `key=value …`, or in the old form one `key value`. */
function pairs(name: string, operands: Operands): Pair[] {
  const rest = some(name, operands);
  const words = splitRaw(rest, operands.escaper);
  const [first = ''] = words;
  if (!first.includes('=')) {
    const value = rest.slice(first.length).trim();
    if (value === '')
      throw new DockerfileError(`${name} must have two arguments`, operands.line.range);
    return [{ key: first, value }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) {
      const message = `Syntax error - can't find = in ${JSON.stringify(word.slice(0, 200))}. Must be of the form: name=value`;
      throw new DockerfileError(message, operands.line.range);
    }
    if (equals === 0) {
      throw new DockerfileError(`${name} names can not be blank`, operands.line.range);
    }
    return { key: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

function parseArg(operands: Operands): Instruction {
  const words = splitRaw(some('ARG', operands), operands.escaper);
  const parsed = words.map((word) => {
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    if (key === '') throw new DockerfileError('ARG names can not be blank', operands.line.range);
    return { key, value: equals < 0 ? undefined : word.slice(equals + 1) };
  });
  return { kind: 'arg', pairs: parsed, ...common(operands) };
}

function parseShell(operands: Operands): Instruction {
  const args = jsonTexts(operands.rest);
  if (args === undefined || args.length === 0) {
    throw missing('SHELL', operands, 'the arguments to be in JSON form');
  }
  return { kind: 'shell', args, ...common(operands) };
}

function parseVolume(operands: Operands): Instruction {
  const rest = some('VOLUME', operands);
  const words = jsonTexts(rest) ?? splitRaw(rest, operands.escaper);
  if (words.length === 0) throw missing('VOLUME', operands, 'at least one argument');
  if (words.some((word) => word.trim() === '')) {
    throw new DockerfileError('VOLUME specified can not be an empty string', operands.line.range);
  }
  return { kind: 'volume', words, ...common(operands) };
}

/** Checked now, run by those who build on the image. */
function parseOnBuild(operands: Operands): Instruction {
  const trigger = some('ONBUILD', operands);
  const [first = ''] = trigger.split(/[ \t]/, 1);
  const name = first.toUpperCase();
  if (name === 'ONBUILD') {
    const message = "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed";
    throw new DockerfileError(message, operands.line.range);
  }
  if (name === 'FROM' || name === 'MAINTAINER') {
    throw new DockerfileError(`${name} isn't allowed as an ONBUILD trigger`, operands.line.range);
  }
  if (!instructionNames.includes(name)) {
    throw new DockerfileError(`unknown instruction: ${name.slice(0, 40)}`, operands.line.range);
  }
  const rest = trigger.slice(first.length).trim();
  const line = { ...operands.line, text: trigger };
  parseInstruction(name, { rest, line, escaper: operands.escaper });
  const bodies = operands.line.heredocs.map(({ name: end, content }) => `\n${content}${end}`);
  return { kind: 'onbuild', trigger: trigger + bodies.join(''), ...common(operands) };
}
