/** An engine of its own for a test: temporary roots, the real shim, the embedded image; nothing of it stays. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerConfig, HostConfig, WaitResponse } from '../../spec/docker.ts';
import type { AttachSession, Engine, LogOptions } from '../contract.ts';
import { plainRequest } from '../execs/plain-request.ts';
import { openEngine } from '../index.ts';
import { createRequest } from './create-request.ts';

const NEVER = new AbortController().signal;

export interface Finished {
  stdout: string;
  stderr: string;
  status: WaitResponse;
}

export class TestEngine implements AsyncDisposable {
  readonly directory: string;
  engine: Engine;

  private constructor(directory: string, engine: Engine) {
    this.directory = directory;
    this.engine = engine;
  }

  static async open(): Promise<TestEngine> {
    const directory = mkdtempSync(join(tmpdir(), 'tiffin-engine-'));
    return new TestEngine(directory, await openEngine(rootsIn(directory)));
  }

  get dataRoot(): string {
    return rootsIn(this.directory).dataRoot;
  }

  get execRoot(): string {
    return rootsIn(this.directory).execRoot;
  }

  /** Ends this engine and opens the next one on the same roots. */
  async reopen(between: () => Promise<void> | void = () => undefined): Promise<void> {
    await this.engine.close();
    await between();
    this.engine = await openEngine(rootsIn(this.directory));
  }

  async create(config: Partial<ContainerConfig>, host: Partial<HostConfig> = {}, name?: string) {
    const { Id } = await this.engine.containers.create(
      createRequest(config, host),
      name,
      undefined,
    );
    return Id;
  }

  /** Creates and starts. */
  async start(config: Partial<ContainerConfig>, host: Partial<HostConfig> = {}, name?: string) {
    const id = await this.create(config, host, name);
    await this.engine.containers.start(id);
    return id;
  }

  /** Runs to the end with everything attached, and removes the container. */
  async run(config: Partial<ContainerConfig>, host: Partial<HostConfig> = {}): Promise<Finished> {
    const { containers } = this.engine;
    const id = await this.create(config, host);
    try {
      const session = await containers.attach(id, attachAll());
      const exit = containers.wait(id, 'next-exit', NEVER);
      exit.catch(() => undefined);
      await containers.start(id);
      const output = await collect(session);
      return { ...output, status: await exit };
    } finally {
      await containers.remove(id, { force: true, volumes: true });
    }
  }

  wait(id: string): Promise<WaitResponse> {
    return this.engine.containers.wait(id, 'not-running', NEVER);
  }

  /** What the log holds now. */
  async logs(id: string, options: Partial<LogOptions> = {}): Promise<string> {
    let text = '';
    for await (const { bytes } of await this.openLog(id, options))
      text += new TextDecoder().decode(bytes);
    return text;
  }

  /** Resolves when the log holds `text`. */
  async printed(id: string, text: string): Promise<void> {
    let seen = '';
    for await (const { bytes } of await this.openLog(id, { follow: true })) {
      seen += new TextDecoder().decode(bytes);
      if (seen.includes(text)) return;
    }
    throw new Error(`container ${id} ended without printing ${text}`);
  }

  async exec(
    id: string,
    ...command: string[]
  ): Promise<{ stdout: string; exitCode: number | null }> {
    const exec = await this.engine.execs.create(id, plainRequest(command));
    const session = await this.engine.execs.start(exec, { detach: false, terminal: false });
    const { stdout } = session === undefined ? { stdout: '' } : await collect(session);
    return { stdout, exitCode: this.engine.execs.inspect(exec).ExitCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = { all: true, limit: 0, size: false, filters: new Map() };
    for (const { Id } of await this.engine.containers.list(all)) {
      await this.engine.containers.remove(Id, { force: true, volumes: true });
    }
    await this.engine.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  openLog(id: string, options: Partial<LogOptions>) {
    const all = { stdout: true, stderr: true, follow: false, signal: NEVER };
    const window = { tail: undefined, sinceNs: undefined, untilNs: undefined };
    return this.engine.containers.logs(id, { ...all, ...window, ...options });
  }

  /** Names below the data root's and the exec root's directories of containers. */
  leftovers(): string[] {
    return [
      ...readdirSync(join(this.dataRoot, 'containers')),
      ...readdirSync(join(this.execRoot, 'containers')),
      ...readdirSync(join(this.execRoot, 'execs')),
    ];
  }
}

export function rootsIn(directory: string): { dataRoot: string; execRoot: string } {
  return { dataRoot: join(directory, 'data'), execRoot: join(directory, 'run') };
}

export function attachAll() {
  return { stdin: false, stdout: true, stderr: true, logs: false, stream: true };
}

export async function collect(session: AttachSession): Promise<{ stdout: string; stderr: string }> {
  const texts = ['', '', ''];
  for await (const { stream, bytes } of session.output) {
    texts[stream] += new TextDecoder().decode(bytes);
  }
  return { stdout: texts[1] ?? '', stderr: texts[2] ?? '' };
}
