/** A worker in memory: layers are named after what was asked for, and every call is kept. */

import { sha256Digest } from '../../spec/digest.ts';
import type { ImageConfig } from '../../spec/image-config.ts';
import { emptyDefaults } from '../../spec/image-config-writer.ts';
import type {
  BaseImage,
  BuildLayer,
  BuildWorker,
  CopyRequest,
  RunRequest,
  StepIdentity,
} from '../worker.ts';

export class FakeWorker implements BuildWorker {
  readonly runs: RunRequest[] = [];
  readonly copies: CopyRequest[] = [];
  readonly pulled: string[] = [];
  readonly images = new Map<string, Partial<ImageConfig>>();
  readonly #cache = new Map<string, { layer: BuildLayer | undefined; createdMs: number }>();
  /** What a program does, by its last argument. */
  program: (command: string) => Promise<void> = async () => undefined;
  /** Content of paths of the context. */
  content = new Map<string, string>();

  async image(name: string): Promise<BaseImage> {
    this.pulled.push(name);
    const config: ImageConfig = {
      architecture: 'amd64',
      os: 'linux',
      variant: undefined,
      osVersion: undefined,
      created: '2020-01-01T00:00:00Z',
      author: '',
      comment: '',
      dockerVersion: '',
      config: emptyDefaults(),
      diffIds: [],
      history: [],
      buildSteps: [],
      ...this.images.get(name),
    };
    return { config, layers: [layer(`image ${name}`)], name, docker: false };
  }

  async digest(source: { kind: string }, path: string): Promise<string> {
    return `${source.kind} ${path} ${this.content.get(path) ?? ''}`;
  }

  async copy(request: CopyRequest): Promise<BuildLayer> {
    this.copies.push(request);
    return layer(`copy ${request.items.map(({ path }) => path)} ${request.destination}`);
  }

  async makeDirectory(_onto: unknown, path: string): Promise<BuildLayer> {
    return layer(`directory ${path}`);
  }

  async run(request: RunRequest): Promise<BuildLayer> {
    this.runs.push(request);
    await this.program(request.args.at(-1) ?? '');
    return layer(`run ${request.args.join(' ')}`);
  }

  recall({ key }: StepIdentity): { layer: BuildLayer | undefined; createdMs: number } | undefined {
    return this.#cache.get(key);
  }

  remember(key: string, made: BuildLayer | undefined, createdMs: number): void {
    this.#cache.set(key, { layer: made, createdMs });
  }

  get commands(): string[] {
    return this.runs.map(({ args }) => args.at(-1) ?? '');
  }
}

function layer(name: string): BuildLayer {
  const diffId = sha256Digest(name);
  return { diffId, blob: { digest: diffId, size: 1, mediaType: 'layer' } };
}
