/** All containers, by id and by name, and what people may call them. */

import { TiffinError } from '../../base/errors.ts';
import { isHex } from '../../base/ids.ts';
import type { Container } from './container.ts';

export class ContainerSet {
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();
  /** Names of creations that are not finished. */
  readonly #reserved = new Map<string, string>();

  /** In order of creation. */
  all(): Container[] {
    return [...this.#byId.values()];
  }

  add(container: Container): void {
    this.#reserved.delete(container.name);
    this.#byId.set(container.id, container);
    this.#byName.set(container.name, container);
  }

  delete(container: Container): void {
    this.#byId.delete(container.id);
    this.#byName.delete(container.name);
  }

  rename(container: Container, name: string): void {
    this.#reserved.delete(name);
    this.#byName.delete(container.name);
    container.definition.name = name;
    this.#byName.set(name, container);
  }

  hasName(name: string): boolean {
    return this.#byName.has(name) || this.#reserved.has(name);
  }

  /** Keeps a name for a creation under way, until `add` or `release`. Throws Docker's conflict. */
  reserve(name: string, id: string): void {
    const holder = this.#byName.get(name)?.id ?? this.#reserved.get(name);
    if (holder !== undefined) throw nameTaken(name, holder);
    this.#reserved.set(name, id);
  }

  release(name: string): void {
    this.#reserved.delete(name);
  }

  /** By full id, then name, then unique id prefix, as Docker does. */
  find(reference: string): Container | undefined {
    const name = reference.startsWith('/') ? reference.slice(1) : reference;
    const exact = this.#byId.get(reference) ?? this.#byName.get(name);
    if (exact !== undefined) return exact;
    if (reference.length >= 64 || !isHex(reference)) return undefined;
    return this.#byPrefix(reference);
  }

  get(reference: string): Container {
    const found = this.find(reference);
    if (found === undefined) throw noSuchContainer(reference);
    return found;
  }

  /** The first process of a container whose namespaces another one joins. Throws `conflict` unless it runs. */
  livePid(reference: string): number {
    const container = this.get(reference);
    if (container.isLive) return container.state.pid;
    const message = `cannot join namespace of a non running container: container ${container.id} is ${container.state.phase}`;
    throw new TiffinError('conflict', 'joined-not-running', message);
  }

  #byPrefix(prefix: string): Container | undefined {
    let found: Container | undefined;
    for (const [id, container] of this.#byId) {
      if (!id.startsWith(prefix)) continue;
      if (found !== undefined) {
        const message = `multiple IDs found with provided prefix: ${prefix}`;
        throw new TiffinError('invalid', 'ambiguous-id', message);
      }
      found = container;
    }
    return found;
  }
}

export function noSuchContainer(reference: string): TiffinError {
  return new TiffinError(
    'not-found',
    'no-such-container',
    `No such container: ${reference.slice(0, 256)}`,
  );
}

function nameTaken(name: string, holder: string): TiffinError {
  return new TiffinError(
    'conflict',
    'name-taken',
    `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}
