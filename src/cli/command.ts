/** What a command is. One file under `commands/` holds one. */

import type { Client } from './client/client.ts';
import type { EngineAddress } from './context/current.ts';
import type { FlagSpec } from './flags/spec.ts';
import type { FlagValues } from './flags/values.ts';
import type { Output } from './streams/output.ts';

export interface Command {
  /** After the command's name: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  usage: string;
  summary: string;
  flags: readonly FlagSpec[];
  /** Number of positional arguments; `max` absent: any. */
  args: { min: number; max?: number };
  /** True: the first positional ends the flags, the rest belongs to the container's command. */
  stopsAtFirstArgument?: boolean;
  /** True: every word after the name, flags too, is an argument. */
  takesAllWords?: boolean;
  /** What the first operand may be, where the command itself knows; for completions. */
  firstOperands?: () => readonly string[];
  /** The exit status. */
  run(invocation: Invocation): Promise<number>;
}

export interface Invocation {
  /** As typed, for messages: `tiffin container ls`. */
  name: string;
  args: string[];
  flags: FlagValues;
  out: Output;
  /** Connects on first use. */
  client: Client;
  /** Where `client` connects to. */
  engine: EngineAddress;
  options: CliOptions;
}

/** What an engine and its API are told; see `EngineOptions` and the API's `ServeOptions`. */
export interface ServeOptions {
  dataRoot: string;
  execRoot: string;
  /** Each as in `-H`; none: the default socket. */
  hosts: readonly string[];
  defaultSocket: string;
  /** Group id that may use unix sockets. */
  group?: number;
  tls?: { ca?: string; cert: string; key: string };
  /** TCP without certificates was asked for in so many words. */
  insecure: boolean;
  pidfile?: string;
  settings: {
    network: 'bridge' | 'none';
    servers: readonly string[];
    search: readonly string[];
    resolverOptions: readonly string[];
    debug: boolean;
  };
  defaultNetwork: { address?: string; options: Readonly<Record<string, string>> };
  forward: boolean;
  restart: boolean;
}

/** What the program around the command line lends it. */
export interface CliOptions {
  /** Runs the engine until a signal ends it; calls `ready` once it answers. */
  serve?: (options: ServeOptions, ready: () => void) => Promise<number>;
}

/** A failure with its text and status already decided. An empty message prints nothing. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
