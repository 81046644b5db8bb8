/** What a Dockerfile says, parsed. Words that may hold variables are kept as written: they mean something only at their step. */

import type { LineRange } from './dockerfile-error.ts';
import type { Heredoc } from './lines.ts';

/** `name=value` as written. */
export interface Pair {
  key: string;
  value: string;
}

/** The exec form is a list; the shell form is one text. */
export type CommandLine = { form: 'exec'; args: string[] } | { form: 'shell'; text: string };

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';

/** One `--mount`; every value as written. */
export interface MountFlag {
  type: MountType;
  /** In the order given, keys in lower case; a key alone has the value `true`. */
  options: ReadonlyMap<string, string>;
}

export interface CopyFlags {
  from: string | undefined;
  chown: string | undefined;
  chmod: string | undefined;
  link: boolean;
  parents: boolean;
  exclude: string[];
  checksum: string | undefined;
  keepGitDir: boolean;
  /** Of local archives; undefined: ADD does, COPY does not. */
  unpack: boolean | undefined;
}

interface Common {
  /** As in the file, on one line. */
  text: string;
  range: LineRange;
}

export type Instruction = Common &
  (
    | {
        kind: 'run';
        command: CommandLine;
        mounts: MountFlag[];
        network: string;
        security: string;
        heredocs: Heredoc[];
      }
    | {
        kind: 'copy' | 'add';
        sources: string[];
        destination: string;
        flags: CopyFlags;
        heredocs: Heredoc[];
      }
    | { kind: 'arg'; pairs: { key: string; value: string | undefined }[] }
    | { kind: 'env' | 'label'; pairs: Pair[] }
    | { kind: 'expose'; text: string; words: string }
    | { kind: 'user' | 'stopsignal' | 'maintainer'; value: string }
    | { kind: 'workdir'; value: string }
    | { kind: 'volume'; words: string[] }
    | { kind: 'cmd' | 'entrypoint'; command: CommandLine }
    | { kind: 'shell'; args: string[] }
    | {
        kind: 'healthcheck';
        test: string[] | undefined;
        shell: string | undefined;
        options: HealthOptions;
      }
    | { kind: 'onbuild'; trigger: string }
  );

export type InstructionOf<K extends Instruction['kind']> = Instruction & { kind: K };

/** Durations in nanoseconds; 0: the engine's default. */
export interface HealthOptions {
  intervalNs: number;
  timeoutNs: number;
  startPeriodNs: number;
  startIntervalNs: number;
  retries: number;
}

export interface Stage {
  index: number;
  /** In lower case; empty: only its number names it. */
  name: string;
  /** As written: `${REGISTRY}/base:1`. */
  base: string;
  platform: string | undefined;
  instructions: Instruction[];
  /** Of its FROM. */
  text: string;
  range: LineRange;
}

export interface Dockerfile {
  escaper: '\\' | '`';
  syntax: string | undefined;
  /** ARGs before the first FROM. */
  globals: InstructionOf<'arg'>[];
  stages: Stage[];
  warnings: string[];
}
