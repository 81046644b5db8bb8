/** Images of several platforms under one name: those of one index share it, and alone it means the one that runs here. */

import { hostPlatform } from '../../host/host-platform.ts';
import type { Digest, Platform } from '../../spec/content.ts';
import { parseDigest } from '../../spec/digest.ts';
import { selectPlatform } from '../../spec/platform.ts';
import type { ImageRecords } from './records.ts';

export class NamedPlatforms {
  readonly #records: ImageRecords;
  readonly #platformOf: (id: string) => Platform | undefined;

  constructor(records: ImageRecords, platformOf: (id: string) => Platform | undefined) {
    this.#records = records;
    this.#platformOf = platformOf;
  }

  /** Gives the complete name to the image; who had it keeps it too when it stood for the same index. */
  give(name: string, id: string, nowMs: number, index: Digest | undefined): void {
    const isSame = index !== undefined && this.#records.indexOfName(name) === index;
    const kin = isSame ? this.all(name).filter((each) => each !== id) : [];
    const all = [id, ...kin];
    const first = this.best(all, hostPlatform()) ?? id;
    const others = all.filter((each) => each !== first);
    this.#records.setName(name, first, nowMs, { others, index });
  }

  /** Ids, that of this machine's platform first; empty: nobody has the name. */
  all(name: string): string[] {
    const first = this.#records.idByName(name);
    return first === undefined ? [] : [first, ...this.#records.others(name)];
  }

  /** The one of the images that runs on the platform best. */
  best(ids: readonly string[], platform: Platform): string | undefined {
    const offered = ids.flatMap((id) => {
      const of = this.#platformOf(id);
      return of === undefined
        ? []
        : [{ mediaType: '', digest: parseDigest(id), size: 0, platform: of }];
    });
    return selectPlatform(offered, platform)?.digest;
  }
}
