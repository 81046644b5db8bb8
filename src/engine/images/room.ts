/** Images as the containers need them: found, unpacked, with their layers. */

import { TiffinError } from '../../base/errors.ts';
import type { Platform } from '../../spec/content.ts';
import { formatPlatform, parsePlatform } from '../../spec/platform.ts';
import { type ImageRecord, lacksPlatform, platformOf, type Store } from '../../store/index.ts';
import { isStarter, loadStarter } from './starter.ts';

export type ResolvedImage = ImageRecord;

/** What a container needs of its image at every start, kept so that starting asks the database nothing. */
interface ImageUse {
  directories: string[];
  diffIds: readonly string[];
  size: number;
}

const CACHED_USES = 1024;

export class ImageRoom {
  readonly #store: Store;
  readonly #uses = new Map<string, ImageUse>();
  #starter: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** By reference or id; the embedded image comes into being here. Throws `not-found` in Docker's words. */
  async provide(reference: string): Promise<ImageRecord> {
    await this.#provideStarter(reference);
    return this.#store.images.resolve(reference);
  }

  /** `provide`, with every layer unpacked and the platform checked. */
  async resolve(reference: string, platform?: string): Promise<ResolvedImage> {
    const image = platform
      ? await this.#provideFor(reference, parsePlatform(platform))
      : await this.provide(reference);
    await this.#store.prepare(image);
    this.#remember(image);
    return image;
  }

  /** By name or id; of a name that stands for several platforms the one that is asked for. Throws `not-found` in Docker's words. */
  async provideFor(reference: string, platform: Platform | undefined): Promise<ImageRecord> {
    const image = await this.provide(reference);
    if (platform === undefined) return image;
    const found = this.#store.images.findFor(reference, platform);
    if (found === undefined) throw lacksPlatform(reference, platform);
    return found;
  }

  async #provideFor(reference: string, wanted: Platform): Promise<ImageRecord> {
    const image = await this.provide(reference);
    return this.#store.images.findFor(reference, wanted) ?? refuse(image, reference, wanted);
  }

  find(reference: string): ResolvedImage | undefined {
    return this.#store.images.find(reference);
  }

  /** Directories of the layers, top first. Throws `not-found` when the image is lost. */
  layersOf(imageId: string): string[] {
    return this.#use(imageId).directories;
  }

  diffIdsOf(imageId: string): readonly string[] {
    return this.#use(imageId).diffIds;
  }

  /** Bytes; 0 for an image that is lost. */
  sizeOf(imageId: string): number {
    return this.#uses.get(imageId)?.size ?? this.#store.images.byId(imageId)?.size ?? 0;
  }

  /** Asks the store anew what the images consist of. */
  forget(): void {
    this.#uses.clear();
  }

  #use(imageId: string): ImageUse {
    const known = this.#uses.get(imageId);
    if (known !== undefined) return known;
    const image = this.#store.images.byId(imageId);
    if (image === undefined) {
      throw new TiffinError('not-found', 'no-such-image', `No such image: ${imageId}`);
    }
    return this.#remember(image);
  }

  #remember(image: ImageRecord): ImageUse {
    const { directories, config, size } = image;
    const use = { directories, diffIds: config.diffIds, size };
    if (this.#uses.size >= CACHED_USES) this.#uses.clear();
    this.#uses.set(image.id, use);
    return use;
  }

  /** The embedded image is there from the first time that somebody names it. */
  async #provideStarter(reference: string): Promise<void> {
    if (!isStarter(reference) || this.#store.images.find(reference) !== undefined) return;
    this.#starter ??= loadStarter(this.#store).finally(() => {
      this.#starter = undefined;
    });
    await this.#starter;
  }
}

function refuse(image: ImageRecord, reference: string, wanted: Platform): never {
  const offered = platformOf(image.config);
  throw new TiffinError(
    'not-found',
    'wrong-platform',
    `image with reference ${reference} was found but its platform (${formatPlatform(offered)}) does not match the specified platform (${formatPlatform(wanted)})`,
  );
}
