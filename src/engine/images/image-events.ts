/** Events of images, with the attributes Docker gives them. */

import type { ImageRecord } from '../../store/index.ts';
import type { Parts } from '../parts.ts';

/** `id` is the name for a pull and the image's id for everything else, as with Docker. */
export function emitImage(
  parts: Pick<Parts, 'events'>,
  action: string,
  id: string,
  image: ImageRecord | undefined,
  name: string = id,
): void {
  const labels = image?.config.config.labels ?? {};
  const attributes = Object.assign(Object.create(null), labels, { name });
  parts.events.emit('image', action, id, attributes);
}
