/** A Dockerfile from its text: stages with their instructions. Total; throws `DockerfileError` with the line. */

import { DockerfileError } from './dockerfile-error.ts';
import type { Dockerfile, Instruction, Stage } from './instruction.ts';
import { buildLimits } from './limits.ts';
import { type Escape, type LogicalLine, splitLines } from './lines.ts';
import { parseFrom } from './parse-from.ts';
import { instructionNames, parseInstruction } from './parse-instruction.ts';

export function parseDockerfile(text: string): Dockerfile {
  const { lines, escaper, syntax, warnings } = splitLines(text);
  const dockerfile: Dockerfile = { escaper, syntax, globals: [], stages: [], warnings };
  for (const line of lines) addLine(dockerfile, line, escaper);
  if (lines.length === 0) throw new DockerfileError('the Dockerfile cannot be empty');
  if (dockerfile.stages.length === 0)
    throw new DockerfileError('no build stage in current context');
  return dockerfile;
}

/** The triggers that a base image carries, as instructions of the stage that builds on it. */
export function parseTriggers(triggers: readonly string[]): Instruction[] {
  if (triggers.length > buildLimits.triggers) {
    throw new DockerfileError(`the base image has more than ${buildLimits.triggers} triggers`);
  }
  return triggers.flatMap((trigger) =>
    splitLines(trigger).lines.map((line) => {
      const { name } = splitName(line);
      if (name === 'FROM' || name === 'ONBUILD' || name === 'MAINTAINER') {
        throw new DockerfileError(`${name} isn't allowed as an ONBUILD trigger`);
      }
      return parseLine(line, '\\');
    }),
  );
}

function addLine(dockerfile: Dockerfile, line: LogicalLine, escaper: Escape): void {
  const { name, rest } = splitName(line);
  if (name === 'FROM') {
    if (dockerfile.stages.length >= buildLimits.stages) {
      throw new DockerfileError(`more than ${buildLimits.stages} stages`, line.range);
    }
    const from = parseFrom(rest, { range: line.range, escaper });
    dockerfile.stages.push({
      index: dockerfile.stages.length,
      ...from,
      instructions: [],
      text: line.text,
      range: line.range,
    });
    return;
  }
  const instruction = parseLine(line, escaper);
  const stage: Stage | undefined = dockerfile.stages.at(-1);
  if (stage !== undefined) stage.instructions.push(instruction);
  else if (instruction.kind === 'arg') dockerfile.globals.push(instruction);
  else throw new DockerfileError('no build stage in current context', line.range);
}

function parseLine(line: LogicalLine, escaper: Escape): Instruction {
  const { name, rest } = splitName(line);
  if (!instructionNames.includes(name)) throw unknown(name, line);
  return parseInstruction(name, { rest, line, escaper });
}

function splitName(line: LogicalLine): { name: string; rest: string } {
  const { text } = line;
  let end = 0;
  while (end < text.length && !' \t\n'.includes(text[end] ?? '')) end += 1;
  return { name: text.slice(0, end).toUpperCase(), rest: text.slice(end).trim() };
}

function unknown(name: string, line: LogicalLine): DockerfileError {
  const names = [...instructionNames, 'FROM'];
  const near = names.find((known) => isNear(name, known));
  const asked = near === undefined ? '' : ` (did you mean ${near}?)`;
  return new DockerfileError(`unknown instruction: ${name.slice(0, 40)}${asked}`, line.range);
}

/** One letter too many, too few, other, or two in the wrong order. */
function isNear(word: string, known: string): boolean {
  if (Math.abs(word.length - known.length) > 1 || word.length < 2) return false;
  let start = 0;
  while (start < word.length && word[start] === known[start]) start += 1;
  const restOf = (text: string, skipped: number) => text.slice(start + skipped);
  const swapped = word[start] === known[start + 1] && word[start + 1] === known[start];
  return (
    restOf(word, 1) === restOf(known, 1) ||
    restOf(word, 1) === restOf(known, 0) ||
    restOf(word, 0) === restOf(known, 1) ||
    (swapped && restOf(word, 2) === restOf(known, 2))
  );
}
