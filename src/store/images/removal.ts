/** Docker's rules for `rmi`: what a name stands for, what stops a removal, what goes with it. */

import { TiffinError } from '../../base/errors.ts';
import { shortId } from '../../base/ids.ts';
import type { Digest } from '../../spec/content.ts';
import {
  familiarReference,
  formatReference,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from '../../spec/reference.ts';
import type { Garbage } from '../garbage.ts';
import { type Images, noSuchImage } from './images.ts';
import type { ImageParents } from './parents.ts';
import type { ImageRecords, ImageRow } from './records.ts';

/** A container that was made from an image. */
export interface ImageUse {
  /** Id of the image. */
  image: string;
  container: string;
  running: boolean;
}

/** In the order in which it happened, in Docker's shape. */
export type RemovedItem = { Untagged: string } | { Deleted: string };

export interface RemoveOptions {
  /** Removes names of an image in several repositories, and images that stopped containers use. */
  force: boolean;
  /** Nameless images that the removed one was made from stay. */
  keepParents?: boolean;
  uses: readonly ImageUse[];
}

export class Removal {
  readonly #records: ImageRecords;
  readonly #parents: ImageParents;
  readonly #images: Images;
  readonly #garbage: Garbage;
  readonly #changed: () => Promise<void>;

  constructor(
    records: ImageRecords,
    parents: ImageParents,
    images: Images,
    garbage: Garbage,
    changed: () => Promise<void>,
  ) {
    this.#records = records;
    this.#parents = parents;
    this.#images = images;
    this.#garbage = garbage;
    this.#changed = changed;
  }

  /** Throws `not-found`, or `conflict` with Docker's words. */
  async remove(name: string, options: RemoveOptions): Promise<RemovedItem[]> {
    const image = this.#images.find(name);
    const row = image && this.#records.get(image.id);
    if (row === undefined) throw noSuchImage(name);
    const reference = namedBy(name, this.#records.names(row.id));
    const uses = options.uses.filter((use) => use.image === row.id);
    const items: RemovedItem[] = [];
    const others = reference === undefined ? [] : this.#records.others(formatReference(reference));
    if (
      reference !== undefined &&
      this.#untagOnly(row, { reference, name }, uses, options.force, items)
    ) {
      this.#dropNameless(others, reference, options.uses, items);
      await this.#changed();
      if (others.length > 0) await this.#garbage.collect();
      return items;
    }
    const isParent = this.#parents.all().has(row.id);
    if (isParent && reference !== undefined) {
      // It stays without a name, as long as there are images of it.
      for (const found of this.#records.names(row.id)) this.#untag(found, items);
      await this.#changed();
      return items;
    }
    if (reference === undefined) this.#checkRepositories(row, options.force);
    if (isParent) throw conflict(row.id, 'cannot be forced', 'image has dependent child images');
    checkUses(row, uses, options.force);
    for (const found of this.#records.names(row.id)) {
      if (reference === undefined) this.#records.takeName(found, row.id);
      if (this.#records.idByName(found) === undefined || reference !== undefined)
        this.#untag(found, items);
    }
    const parent = this.#parents.of(row.id);
    this.#records.markRemoved(row.id);
    items.push({ Deleted: row.id });
    if (options.keepParents !== true) this.#prune(parent, options.uses, items);
    this.#dropNameless(others, reference, options.uses, items);
    await this.#changed();
    const collected = await this.#garbage.collect();
    for (const layer of collected.layers) items.push({ Deleted: layer });
    return items;
  }

  /** Images without names that nothing was made from any more but what is gone now. */
  #prune(oldest: Digest | undefined, uses: readonly ImageUse[], items: RemovedItem[]): void {
    for (let id = oldest; id !== undefined; ) {
      const isNeeded =
        this.#records.names(id).length > 0 ||
        this.#parents.all().has(id) ||
        uses.some((use) => use.image === id);
      if (isNeeded) return;
      const parent = this.#parents.of(id);
      this.#records.markRemoved(id);
      items.push({ Deleted: id });
      id = parent;
    }
  }

  /** Takes the name away; true when the image stays because of other names. */
  #untagOnly(
    row: ImageRow,
    asked: { reference: ImageReference; name: string },
    uses: readonly ImageUse[],
    force: boolean,
    items: RemovedItem[],
  ): boolean {
    const { reference } = asked;
    const name = formatReference(reference);
    const repository = repositoryOf(name);
    const others = this.#records.names(row.id).filter((other) => other !== name);
    const otherTags = others.filter((other) => !other.includes('@'));
    // The last tag of a repository takes the repository's digests with it.
    const digests = others.filter(
      (other) => other.includes('@') && repositoryOf(other) === repository,
    );
    const lastOfRepository = !otherTags.some((other) => repositoryOf(other) === repository);
    const doomed = reference.digest === undefined && lastOfRepository ? [name, ...digests] : [name];
    const stays = others.some((other) => !doomed.includes(other));
    if (!stays) checkReferenceUse(asked.name, row, uses, force);
    // An image that only stopped containers use goes when forced; a running one keeps it, nameless.
    if (!stays && !uses.some((use) => use.running)) return false;
    for (const found of doomed) this.#untag(found, items);
    return true;
  }

  /** Other platforms that had the removed name and have no other; a container's stays, nameless. */
  #dropNameless(
    ids: readonly string[],
    removed: ImageReference | undefined,
    uses: readonly ImageUse[],
    items: RemovedItem[],
  ): void {
    const repository = removed && repositoryOf(formatReference(removed));
    for (const id of ids) {
      const row = this.#records.get(id);
      const names = this.#records.names(id);
      // As with the image itself: digests alone do not keep it.
      const isNamed = names.some(
        (name) => !name.includes('@') || repositoryOf(name) !== repository,
      );
      if (row === undefined || isNamed || uses.some((use) => use.image === id)) continue;
      for (const name of names) {
        this.#records.takeName(name, id);
        items.push({ Untagged: familiarReference(parseReference(name)) });
      }
      this.#records.markRemoved(id);
      items.push({ Deleted: row.id });
    }
  }

  #untag(name: string, items: RemovedItem[]): void {
    this.#records.removeName(name);
    items.push({ Untagged: familiarReference(parseReference(name)) });
  }

  #checkRepositories(row: ImageRow, force: boolean): void {
    const names = this.#records.names(row.id);
    const tags = names.filter((name) => !name.includes('@'));
    const single = tags.length <= 1 && new Set(names.map(repositoryOf)).size <= 1;
    if (!single && !force) {
      throw conflict(row.id, 'must be forced', 'image is referenced in multiple repositories');
    }
  }
}

/** `name`: as it was asked for, which is what Docker says. */
function checkReferenceUse(
  name: string,
  row: ImageRow,
  uses: readonly ImageUse[],
  force: boolean,
): void {
  const [use] = uses;
  if (use === undefined || force) return;
  throw new TiffinError(
    'conflict',
    'image-in-use',
    `conflict: unable to remove repository reference "${name}" (must force) - container ${shortId(use.container)} is using its referenced image ${shortId(row.id)}`,
    { hint: 'remove the container first, or use --force to remove only the name' },
  );
}

function checkUses(row: ImageRow, uses: readonly ImageUse[], force: boolean): void {
  const running = uses.find((use) => use.running);
  if (running !== undefined) {
    const reason = `image is being used by running container ${shortId(running.container)}`;
    throw conflict(row.id, 'cannot be forced', reason);
  }
  const [stopped] = uses;
  if (stopped !== undefined && !force) {
    const reason = `image is being used by stopped container ${shortId(stopped.container)}`;
    throw conflict(row.id, 'must be forced', reason);
  }
}

function conflict(id: string, force: string, reason: string): TiffinError {
  return new TiffinError(
    'conflict',
    'image-in-use',
    `conflict: unable to delete ${shortId(id)} (${force}) - ${reason}`,
  );
}

/** The reference, or undefined when `name` is not one of the image's names but an id or a part of one. */
function namedBy(name: string, names: readonly string[]): ImageReference | undefined {
  let reference: ImageReference;
  try {
    reference = withDefaultTag(parseReference(name));
  } catch {
    return undefined;
  }
  if (reference.digest !== undefined) delete reference.tag;
  return names.includes(formatReference(reference)) ? reference : undefined;
}

/** `docker.io/library/alpine` of a complete name. */
function repositoryOf(name: string): string {
  const { tag: _tag, digest: _digest, ...repository } = parseReference(name);
  return formatReference(repository);
}
