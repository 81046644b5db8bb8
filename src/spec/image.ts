/** Image manifests and indexes, OCI and Docker schema 2 (image-spec manifest.md, image-index.md). */

import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Descriptor, Platform } from './content.ts';
import { parseDigest } from './digest.ts';
import { JsonObject, parseJson } from './json-object.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export interface ImageManifest {
  kind: 'manifest';
  mediaType: string;
  config: Descriptor;
  /** Bottom layer first. */
  layers: Descriptor[];
  artifactType?: string;
  subject?: Descriptor;
  annotations?: Record<string, string>;
}

export interface ImageIndex {
  kind: 'index';
  mediaType: string;
  manifests: Descriptor[];
  artifactType?: string;
  subject?: Descriptor;
  annotations?: Record<string, string>;
}

/** Accept header of a registry request for either kind. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
];

/** Layers that Tiffin unpacks; how they are compressed is read from their first bytes. */
const LAYER_TYPES: ReadonlySet<string> = new Set([
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
]);

const CONFIG_TYPES: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig]);

const KINDS: ReadonlyMap<string, 'manifest' | 'index'> = new Map([
  [mediaTypes.ociManifest, 'manifest'],
  [mediaTypes.dockerManifest, 'manifest'],
  [mediaTypes.ociIndex, 'index'],
  [mediaTypes.dockerManifestList, 'index'],
]);

const MAX_MANIFESTS = 1024;
/** A descriptor's embedded copy of its content, base64; never used in place of the content. */
const MAX_DATA = 64 * 1024;

/**
 * A manifest or an index from its bytes. `mediaType` is what a descriptor or a Content-Type header said, if anything.
 * The same bytes must not read as both kinds (CVE-2021-41190), so header, body field and body shape have to agree.
 */
export function decodeImageDocument(
  bytes: Uint8Array,
  mediaType?: string,
): ImageManifest | ImageIndex {
  if (bytes.length > limits.manifestBytes) {
    throw invalid(`manifest is larger than ${limits.manifestBytes} bytes`);
  }
  return parseImageDocument(parseJson(bytes, 'manifest'), mediaType);
}

/** `decodeImageDocument` for JSON that is parsed already. */
export function parseImageDocument(value: unknown, mediaType?: string): ImageManifest | ImageIndex {
  const body = JsonObject.of(value, 'manifest');
  const version = body.count('schemaVersion');
  if (version === 1) {
    throw new TiffinError(
      'unsupported',
      'old-manifest',
      'manifest schema version 1 is not supported',
      {
        hint: 'ask for the image to be pushed again by a current tool',
      },
    );
  }
  if (version !== 2) throw invalid('manifest.schemaVersion must be 2');
  const type = agreedType(body, mediaType);
  return KINDS.get(type) === 'index' ? index(body, type) : manifest(body, type);
}

/** `decodeImageDocument` where only an image manifest will do. */
export function decodeManifest(bytes: Uint8Array, mediaType?: string): ImageManifest {
  const document = decodeImageDocument(bytes, mediaType);
  if (document.kind !== 'manifest') throw invalid('expected an image manifest, found an index');
  return document;
}

/** `decodeImageDocument` where only an index will do. */
export function decodeIndex(bytes: Uint8Array, mediaType?: string): ImageIndex {
  const document = decodeImageDocument(bytes, mediaType);
  if (document.kind !== 'index') throw invalid('expected an image index, found a manifest');
  return document;
}

/** Throws `unsupported` when the manifest is an artifact and not a container image. */
export function requireContainerImage(image: ImageManifest): void {
  const config = image.config.mediaType;
  const foreign = CONFIG_TYPES.has(config)
    ? image.layers.find((layer) => !LAYER_TYPES.has(layer.mediaType))?.mediaType
    : config;
  if (foreign !== undefined) {
    throw new TiffinError(
      'unsupported',
      'not-an-image',
      `not a container image: it holds ${JSON.stringify(foreign.slice(0, 200))}`,
    );
  }
}

export function isIndexType(mediaType: string): boolean {
  return KINDS.get(mediaType) === 'index';
}

export function parseDescriptor(value: unknown, path: string): Descriptor {
  const fields = JsonObject.of(value, path);
  const descriptor: Descriptor = {
    mediaType: fields.requiredText('mediaType'),
    digest: parseDigest(fields.requiredText('digest')),
    size: fields.count('size') ?? fail(`${path}.size is missing`),
  };
  const annotations = fields.textMap('annotations');
  const platform = fields.object('platform');
  const artifactType = fields.text('artifactType');
  const data = fields.text('data');
  if (annotations !== undefined) descriptor.annotations = annotations;
  if (platform !== undefined) descriptor.platform = parsePlatformObject(platform);
  if (artifactType !== undefined) descriptor.artifactType = artifactType;
  if (data !== undefined && data.length <= MAX_DATA) descriptor.data = data;
  return descriptor;
}

function parsePlatformObject(fields: JsonObject): Platform {
  const platform: Platform = {
    architecture: fields.requiredText('architecture'),
    os: fields.requiredText('os'),
  };
  const variant = fields.text('variant');
  const version = fields.text('os.version');
  const features = fields.texts('os.features');
  if (variant !== undefined) platform.variant = variant;
  if (version !== undefined) platform['os.version'] = version;
  if (features !== undefined) platform['os.features'] = features;
  return platform;
}

function agreedType(body: JsonObject, outside: string | undefined): string {
  const inside = body.text('mediaType');
  const declared = KINDS.has(outside ?? '') ? outside : undefined;
  if (inside !== undefined && declared !== undefined && inside !== declared) {
    throw invalid(`manifest says it is ${inside.slice(0, 200)}, but was announced as ${declared}`);
  }
  const type = inside ?? declared ?? shapeType(body);
  const kind = KINDS.get(type);
  if (kind === undefined) {
    throw new TiffinError(
      'unsupported',
      'unknown-manifest',
      `unknown manifest type ${type.slice(0, 200)}`,
    );
  }
  const alien = kind === 'index' ? ['config', 'layers', 'fsLayers'] : ['manifests', 'fsLayers'];
  const found = alien.find((key) => body.has(key));
  if (found !== undefined)
    throw invalid(`manifest of type ${type} must not have the field ${found}`);
  return type;
}

function shapeType(body: JsonObject): string {
  return body.has('manifests') ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

function manifest(body: JsonObject, mediaType: string): ImageManifest {
  const image: ImageManifest = {
    kind: 'manifest',
    mediaType,
    config: parseDescriptor(body.get('config'), 'manifest.config'),
    layers: body.list('layers', limits.imageLayers, parseDescriptor) ?? [],
  };
  return Object.assign(image, common(body));
}

function index(body: JsonObject, mediaType: string): ImageIndex {
  const manifests = body.list('manifests', MAX_MANIFESTS, parseDescriptor);
  if (manifests === undefined) throw invalid('manifest.manifests is missing');
  return Object.assign({ kind: 'index' as const, mediaType, manifests }, common(body));
}

function common(body: JsonObject): Pick<ImageIndex, 'annotations' | 'artifactType' | 'subject'> {
  const found: Pick<ImageIndex, 'annotations' | 'artifactType' | 'subject'> = {};
  const annotations = body.textMap('annotations');
  const artifactType = body.text('artifactType');
  const subject = body.get('subject');
  if (annotations !== undefined) found.annotations = annotations;
  if (artifactType !== undefined) found.artifactType = artifactType;
  if (subject !== undefined) found.subject = parseDescriptor(subject, 'manifest.subject');
  return found;
}

function fail(message: string): never {
  throw invalid(message);
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-manifest', message);
}
