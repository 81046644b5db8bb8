/** The command line: finds the command, reads its flags, runs it, turns every failure into a text and an exit status. */

import { Client } from './client/client.ts';
import { CliError, type CliOptions, type Command } from './command.ts';
import { type CommandEntry, findCommand, groups } from './commands.ts';
import { engineAddress } from './context/current.ts';
import { errorText } from './error-text.ts';
import { FlagError, type ParsedFlags, parseFlags } from './flags/parse.ts';
import { globalFlags } from './global-flags.ts';
import { type Globals, readGlobals } from './globals.ts';
import { type OldCommand, readDaemonFlag, readOldCommand } from './old-commands.ts';
import { ClosedPipe, standardOutput as out } from './streams/output.ts';

/** As a shell reports a program that SIGPIPE ended. */
const CLOSED_PIPE_STATUS = 128 + 13;
const USAGE_STATUS = 125;
const COMPILE_AFTER_MS = 40;

/** `argv` without the program's name. Resolves with the exit status; never rejects. */
export async function runCli(argv: string[], options: CliOptions = {}): Promise<number> {
  let debug = false;
  // A command that goes on for longer than a start (a stream, a watch) is worth compiling; see the Makefile.
  setTimeout(() => Bun.unsafe.setJITPolicy(1), COMPILE_AFTER_MS).unref();
  try {
    const words = parseGlobals(argv);
    const globals = readGlobals(words.values);
    debug = globals.debug;
    return await dispatch(words, globals, options);
  } catch (error) {
    return report(error, debug);
  }
}

function parseGlobals(argv: string[]): ParsedFlags {
  try {
    return parseFlags(globalFlags, argv, { interspersed: false });
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const daemon = readDaemonFlag(argv);
    if (daemon !== undefined) return parseGlobals(warned(daemon));
    throw new CliError(
      `${error.message}\n\nUsage:  tiffin [OPTIONS] COMMAND [ARG...]\n\nRun 'tiffin --help' for more information`,
      USAGE_STATUS,
    );
  }
}

function warned({ argv, warning }: OldCommand): string[] {
  out.error(`${warning}\n`);
  return argv;
}

async function dispatch(
  words: ParsedFlags,
  globals: Globals,
  options: CliOptions,
): Promise<number> {
  const old = readOldCommand(words.args);
  const [first, ...rest] = old === undefined ? words.args : warned(old);
  if (words.values.bool('version')) {
    const { versionLine } = await import('./version-line.ts');
    out.print(`${versionLine}\n`);
    return 0;
  }
  if (first === undefined || first === 'help') return help(rest);
  if (words.help) return help(words.args);
  const grouped = groups.has(first);
  const name = grouped ? `${first} ${rest[0] ?? ''}`.trimEnd() : first;
  // A group may have words of its own for what is none of its commands.
  const own = grouped ? findCommand(first) : undefined;
  if (grouped && own === undefined && [undefined, '--help', '-h'].includes(rest[0])) {
    return help([first]);
  }
  const entry = findCommand(name);
  if (entry === undefined && own !== undefined) return invoke(own, first, rest, globals, options);
  if (entry === undefined) throw await unknownCommand(name);
  return invoke(entry, name, grouped ? rest.slice(1) : rest, globals, options);
}

async function invoke(
  entry: CommandEntry,
  name: string,
  argv: string[],
  globals: Globals,
  options: CliOptions,
): Promise<number> {
  const command = await entry.load();
  const full = `tiffin ${name}`;
  const parsed = await parseCommandFlags(command, full, argv);
  const { values, args, help: wantsHelp } = parsed;
  if (wantsHelp) {
    const { commandHelp } = await import('./flags/help.ts');
    const others = entry.names.filter((other) => other !== name);
    out.print(commandHelp(command, [full, ...others.map((other) => `tiffin ${other}`)]));
    return 0;
  }
  for (const warning of parsed.warnings) out.error(`${warning}\n`);
  await checkArgs(command, full, args);
  const engine = engineAddress(globals);
  const client = new Client(engine.connect);
  return command.run({ name: full, args, flags: values, out, client, engine, options });
}

async function parseCommandFlags(
  command: Command,
  name: string,
  argv: string[],
): Promise<ParsedFlags> {
  if (command.takesAllWords === true) {
    const none = parseFlags(command.flags, [], { interspersed: true });
    return { ...none, args: argv };
  }
  try {
    return parseFlags(command.flags, argv, { interspersed: command.stopsAtFirstArgument !== true });
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const { usageLine } = await import('./flags/help.ts');
    throw new CliError(
      `${error.message}\n\n${usageLine(name, command)}\n\nRun '${name} --help' for more information`,
      USAGE_STATUS,
    );
  }
}

async function checkArgs(command: Command, name: string, args: string[]): Promise<void> {
  const { min, max } = command.args;
  if (args.length >= min && (max === undefined || args.length <= max)) return;
  const { usageLine } = await import('./flags/help.ts');
  const wrong = `tiffin: '${name}' ${argumentRule(min, max)}`;
  // Docker's words, which differ for no reason that a reader could see.
  const word = min > 0 && max === undefined ? 'See' : 'Run';
  throw new CliError(
    `${wrong}\n\n${usageLine(name, command)}\n\n${word} '${name} --help' for more information`,
  );
}

function argumentRule(min: number, max: number | undefined): string {
  const count = (n: number) => (n === 1 ? '1 argument' : `${n} arguments`);
  if (max === 0) return 'accepts no arguments';
  if (max === min) return `requires ${count(min)}`;
  if (max === undefined) return `requires at least ${count(min)}`;
  return min === 0
    ? `requires at most ${count(max)}`
    : `requires at least ${min} and at most ${count(max)}`;
}

async function help(words: readonly string[]): Promise<number> {
  const { printHelp } = await import('./help.ts');
  return printHelp(words, out);
}

async function unknownCommand(name: string): Promise<CliError> {
  const { unknownCommandText } = await import('./help.ts');
  return new CliError(unknownCommandText(name));
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof ClosedPipe) return CLOSED_PIPE_STATUS;
  try {
    const text = errorText(error);
    if (text !== '') out.error(`${text}\n`);
    if (debug && error instanceof Error) out.error(`${error.stack ?? ''}\n`);
  } catch (failure) {
    if (!(failure instanceof ClosedPipe)) throw failure;
  }
  return error instanceof CliError ? error.exitCode : 1;
}
