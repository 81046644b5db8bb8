/** Events of volumes that a container starts or stops using. */

import type { Container } from '../containers/container.ts';
import type { Parts } from '../parts.ts';

export function announceVolumes(
  parts: Parts,
  container: Container,
  action: 'mount' | 'unmount',
): void {
  for (const mount of container.definition.mounts) {
    if (mount.type !== 'volume' || mount.name === undefined) continue;
    parts.events.emit('volume', action, mount.name, {
      container: container.id,
      driver: 'local',
      ...(action === 'mount'
        ? {
            destination: mount.destination,
            propagation: mount.propagation,
            'read/write': String(!mount.readOnly),
          }
        : {}),
    });
  }
}
