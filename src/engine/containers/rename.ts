/** `rename`. */

import { TiffinError } from '../../base/errors.ts';
import type { Parts } from '../parts.ts';
import { emitContainer } from './container-events.ts';
import { badName } from './create.ts';
import { isContainerName } from './names.ts';

export async function renameContainer(
  parts: Parts,
  reference: string,
  name: string,
): Promise<void> {
  const container = parts.containers.get(reference);
  const plain = name.startsWith('/') ? name.slice(1) : name;
  if (plain === '') {
    throw new TiffinError('invalid', 'bad-name', 'Neither old nor new names may be empty');
  }
  if (!isContainerName(plain)) throw badName(plain);
  await container.turns.run(() => {
    if (plain === container.name) {
      const message = 'Renaming a container with the same name as its current name';
      throw new TiffinError('invalid', 'same-name', message);
    }
    parts.containers.reserve(plain, container.id);
    const oldName = container.name;
    parts.containers.rename(container, plain);
    container.saveDefinition();
    parts.networks.rename(container.id, oldName, plain);
    emitContainer(parts, container, 'rename', { oldName: `/${oldName}` });
  });
}
