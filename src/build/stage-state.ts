/** What a stage knows while its instructions are gone through: the image's configuration so far, its ARGs, its history. */

import { posix } from 'node:path';
import type { Platform } from '../spec/content.ts';
import type { HistoryEntry, ImageConfig, ImageDefaults } from '../spec/image-config.ts';
import { emptyDefaults } from '../spec/image-config-writer.ts';
import type { Escape } from './lines.ts';
import { type Expansion, expandWord, expandWords } from './words.ts';

const DEFAULT_SHELL = ['/bin/sh', '-c'];
/** What an image made from nothing starts with, so that `ENV PATH=/own:$PATH` does not lose the rest. */
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export class StageState {
  config: ImageDefaults;
  readonly platform: Platform;
  readonly history: HistoryEntry[];
  author: string;
  /** Declared in this stage, with their values. */
  readonly args = new Map<string, string | undefined>();
  /** A CMD that came with the base image goes when an ENTRYPOINT is set. */
  ownCommand = false;
  readonly #escaper: Escape;

  constructor(base: ImageConfig | undefined, platform: Platform, escaper: Escape) {
    this.config = copyOf(base?.config ?? { ...emptyDefaults(), env: [DEFAULT_PATH] });
    this.platform = platform;
    this.history = [...(base?.history ?? [])];
    this.author = base?.author ?? '';
    this.#escaper = escaper;
    // Triggers ran, or run now: they are not handed on.
    this.config.onBuild = undefined;
  }

  /** ENV hides ARG. */
  lookup(name: string): string | undefined {
    return this.environment(name) ?? this.args.get(name);
  }

  environment(name: string): string | undefined {
    const prefix = `${name}=`;
    return this.config.env.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
  }

  get expansion(): Expansion {
    return { escaper: this.#escaper, lookup: (name) => this.lookup(name) };
  }

  expand(text: string): string {
    return expandWord(text, this.expansion);
  }

  expandAll(text: string): string[] {
    return expandWords(text, this.expansion);
  }

  setEnvironment(key: string, value: string): void {
    const at = this.config.env.findIndex((entry) => entry.startsWith(`${key}=`));
    if (at < 0) this.config.env.push(`${key}=${value}`);
    else this.config.env[at] = `${key}=${value}`;
  }

  get shell(): readonly string[] {
    return this.config.shell ?? DEFAULT_SHELL;
  }

  /** Absolute, from the working directory on; a slash at the end stays. */
  absolute(path: string): string {
    const joined = posix.resolve('/', this.config.workingDir || '/', path);
    const isDirectory = path.endsWith('/') || path === '.' || path.endsWith('/.');
    return isDirectory && joined !== '/' ? `${joined}/` : joined;
  }

  /** ARGs with a value that no ENV hides, in the order of their names. */
  visibleArgs(): [string, string][] {
    return [...this.args]
      .filter((pair): pair is [string, string] => pair[1] !== undefined)
      .filter(([name]) => this.environment(name) === undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
}

function copyOf(config: ImageDefaults): ImageDefaults {
  return {
    ...config,
    env: [...config.env],
    exposedPorts: [...config.exposedPorts],
    volumes: [...config.volumes],
    labels: Object.assign(Object.create(null), config.labels),
  };
}
