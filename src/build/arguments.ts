/** The ARGs of a build: those of the whole file, those of one stage, and those that are there without being asked for. */

import type { Platform } from '../spec/content.ts';
import { formatPlatform } from '../spec/platform.ts';
import type { InstructionOf } from './instruction.ts';
import type { Escape } from './lines.ts';
import { expandWord } from './words.ts';

/** Said to the builder, not to the Dockerfile. */
const FOR_BUILDER: ReadonlySet<string> = new Set(['BUILDKIT_INLINE_CACHE']);

/** Taken by RUN without an ARG, and part of no cache key and no history. */
const PROXIES: ReadonlySet<string> = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]),
);

export interface Platforms {
  build: Platform;
  target: Platform;
}

/** What the client gave, and what the platforms say. */
export class BuildArguments {
  readonly #given: ReadonlyMap<string, string>;
  readonly #automatic: ReadonlyMap<string, string>;
  readonly #used = new Set<string>();

  constructor(given: ReadonlyMap<string, string>, platforms: Platforms, targetStage: string) {
    this.#given = given;
    this.#automatic = new Map([
      ...platformArguments('BUILD', platforms.build),
      ...platformArguments('TARGET', platforms.target),
      ['TARGETSTAGE', targetStage === '' ? 'default' : targetStage],
    ]);
  }

  given(name: string): string | undefined {
    const value = this.#given.get(name);
    if (value !== undefined) this.#used.add(name);
    return value;
  }

  automatic(name: string): string | undefined {
    return this.#automatic.get(name);
  }

  proxies(): Map<string, string> {
    return new Map([...this.#given].filter(([name]) => PROXIES.has(name)));
  }

  /** Seconds since 1970 of `SOURCE_DATE_EPOCH`; undefined when it is not given or no number. */
  epoch(): number | undefined {
    const text = this.given('SOURCE_DATE_EPOCH');
    return text !== undefined && /^[0-9]{1,11}$/.test(text) ? Number(text) : undefined;
  }

  /** Those that no ARG asked for. */
  unused(): string[] {
    return [...this.#given.keys()].filter(
      (name) => !this.#used.has(name) && !PROXIES.has(name) && !FOR_BUILDER.has(name),
    );
  }

  /** Values of the ARGs before the first FROM, each seeing the ones before it. */
  globals(declared: readonly InstructionOf<'arg'>[], escaper: Escape): Map<string, string> {
    const values = new Map<string, string>();
    const lookup = (name: string) => values.get(name) ?? this.#automatic.get(name);
    for (const { key, value } of declared.flatMap(({ pairs }) => pairs)) {
      const given = this.given(key) ?? (value === undefined ? lookup(key) : undefined);
      const found =
        given ?? (value === undefined ? undefined : expandWord(value, { escaper, lookup }));
      if (found !== undefined) values.set(key, found);
    }
    return values;
  }
}

function platformArguments(prefix: string, platform: Platform): [string, string][] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}
