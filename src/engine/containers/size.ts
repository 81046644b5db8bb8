/** How much a container takes on disk. */

import { directorySize } from '../directory-size.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import type { Container } from './container.ts';

/** Bytes: what it wrote, and that together with its image. */
export async function containerSizes(
  parts: Parts,
  container: Container,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const { upper } = containerPaths(parts.paths, container.id);
  const written = await directorySize(upper);
  return {
    SizeRw: written,
    SizeRootFs: written + parts.images.sizeOf(container.definition.imageId),
  };
}
