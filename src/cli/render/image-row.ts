/** An image as rows of `images`: one per name. */

import type { ImageSummary } from '../../spec/docker.ts';
import { formatPlatform } from '../../spec/platform.ts';
import { decimalSize } from '../values/size.ts';
import { localTime } from '../values/time.ts';
import type { ListFormat, Row } from './list.ts';
import { ago, shortId } from './words.ts';

const NONE = '<none>';

export const imageList: ListFormat = {
  type: 'image',
  id: 'ID',
  columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'],
  headers: {
    ID: 'IMAGE ID',
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    Digest: 'DIGEST',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    Size: 'SIZE',
    Containers: 'CONTAINERS',
    VirtualSize: 'SIZE',
    Platform: 'PLATFORM',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
  },
};

export interface ImageRowOptions {
  full: boolean;
  /** A row per digest. */
  digests: boolean;
}

export function imageRows(image: ImageSummary, options: ImageRowOptions): Row[] {
  return imageNames(image, options.digests).map((name) => imageRow(image, name, options.full));
}

interface ImageName {
  repository: string;
  tag: string;
  digest: string;
}

function imageNames(image: ImageSummary, digests: boolean): ImageName[] {
  const tags = (image.RepoTags ?? []).filter((tag) => tag !== `${NONE}:${NONE}`).map(splitTag);
  const known = (image.RepoDigests ?? [])
    .filter((text) => text !== `${NONE}@${NONE}`)
    .map(splitDigest);
  const named = tags.flatMap((tag): ImageName[] => {
    const own = known.filter((digest) => digest.repository === tag.repository);
    if (!digests || own.length === 0) return [tag];
    return own.map(({ digest }) => ({ ...tag, digest }));
  });
  const repositories = new Set(tags.map((tag) => tag.repository));
  const untagged = known.filter((digest) => !repositories.has(digest.repository));
  const rows = [...named, ...(digests ? untagged : dropDigests(untagged))];
  return rows.length > 0 ? rows : [{ repository: NONE, tag: NONE, digest: NONE }];
}

/** Without the digest column, a repository shows once. */
function dropDigests(names: readonly ImageName[]): ImageName[] {
  return [...new Set(names.map((name) => name.repository))].map((repository) => ({
    repository,
    tag: NONE,
    digest: NONE,
  }));
}

function splitTag(text: string): ImageName {
  const colon = text.lastIndexOf(':');
  return { repository: text.slice(0, colon), tag: text.slice(colon + 1), digest: NONE };
}

function splitDigest(text: string): ImageName {
  const at = text.indexOf('@');
  return { repository: text.slice(0, at), tag: NONE, digest: text.slice(at + 1) };
}

function imageRow(image: ImageSummary, name: ImageName, full: boolean): Row {
  const count = (value: number | undefined, text: (known: number) => string) =>
    value === undefined || value < 0 ? 'N/A' : text(value);
  const shared = image.SharedSize;
  return {
    ID: full ? image.Id : shortId(image.Id),
    Repository: name.repository,
    Tag: name.tag,
    Digest: name.digest,
    // An image of no time is one of 1970.
    CreatedSince: ago(Math.max(image.Created, 1)),
    CreatedAt: () => localTime(image.Created),
    Size: decimalSize(image.Size, 3),
    Containers: count(image.Containers, String),
    Platform: image.Descriptor?.platform ? formatPlatform(image.Descriptor.platform) : '',
    VirtualSize: decimalSize(image.Size),
    SharedSize: count(shared, (size) => decimalSize(size)),
    UniqueSize: count(shared, (size) => decimalSize(image.Size - size)),
  };
}
