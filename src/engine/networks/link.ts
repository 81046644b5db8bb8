/** A link as text: `target:alias`, `target`, or as `inspect` shows it, `/target:/owner/alias`. */

export interface Link {
  /** Name or id of the container that is linked to. */
  target: string;
  /** What it is called here. */
  alias: string;
}

export function parseLink(text: string): Link {
  const [first = '', second] = text.split(':');
  const target = first.replace(/^\//, '');
  const alias = first.startsWith('/') ? second?.slice(second.lastIndexOf('/') + 1) : second;
  return { target, alias: alias || target };
}
