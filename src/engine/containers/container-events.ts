/** Events of containers, with the attributes Docker gives them. */

import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';

export function emitContainer(
  parts: Pick<Parts, 'events'>,
  container: Container,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const { config, id, name } = container.definition;
  // Labels are the image author's words: in a map without a prototype, and never in the way of our own keys.
  const attributes: Record<string, string> = Object.assign(Object.create(null), config.Labels, {
    image: config.Image,
    name,
    ...more,
  });
  parts.events.emit('container', action, id, attributes);
}
