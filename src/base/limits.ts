/** Every bound of the system has a name and stands here; sizes in bytes, times in milliseconds. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /** One encoded plan, as the shim accepts it. */
  planBytes: 4 * MiB,
  /** Operations in one plan. */
  planOps: 4096,
  /** One frame between the engine and a monitor. */
  frameBytes: 64 * KiB,
  /** One JSON body of an API request. */
  apiBodyBytes: 4 * MiB,
  /** Connections to the API at once; each may hold an upload or a followed log. */
  apiConnections: 4096,
  /** Until the first head of a connection is there, ms. */
  apiHeadMs: 60_000,
  /** Until the whole of a JSON body is there, ms. Archives take as long as they take. */
  apiBodyMs: 60_000,
  /** One config.json. */
  bundleConfigBytes: 4 * MiB,
  /** One image manifest or index (the distribution specification asks for at least 4 MiB). */
  manifestBytes: 4 * MiB,
  /** One image configuration. */
  imageConfigBytes: 8 * MiB,
  /** Layers of one image. */
  imageLayers: 512,
  /** Nesting of image indexes. */
  indexDepth: 4,
  /** One path inside an archive. */
  archivePathBytes: 4096,
  /** One pax header or GNU long name. */
  archiveHeaderBytes: 1 * MiB,
  /** Entries of one layer. */
  archiveEntries: 10_000_000,
  /** Entries of a layer that becomes a file-system image: their names and attributes stay in memory meanwhile. */
  imageEntries: 200_000,
  /** Files of one image archive (load). */
  archiveFiles: 16_384,
  /** Images of one image archive. */
  archiveImages: 1024,
  /** What a compressed stream may grow to, whatever its ratio: files of zeros are honest. */
  decompressedFreeBytes: 512 * MiB,
  /** Output per input byte beyond that; gzip ends at 1032, and only zeros come near it. */
  decompressedRatio: 1040,
  /** Output of one compressed stream. */
  decompressedBytes: 1024 * 1024 * MiB,
  /** What layers, blobs and contexts leave of a disk, and the share that is enough on a small one. */
  diskReserveBytes: 256 * MiB,
  diskReserveShare: 0.01,
  /** Of xz and lzma archives: what a match may reach back. xz -9 takes 64 MiB. */
  lzmaDictionaryBytes: 128 * MiB,
  /** Redirects followed for one registry request. */
  registryRedirects: 10,
  /** Beginnings of blobs whose transfer broke off that an engine keeps over its restart. */
  partialBlobs: 32,
  /** Layers fetched side by side. */
  parallelLayers: 3,
  /** Layers sent side by side. */
  parallelUploads: 4,
  /** One DNS query of a container. */
  nameQueryBytes: 4096,
  /** One DNS answer in a datagram (what fits an Ethernet frame is the sender's business on loop-back). */
  nameDatagramBytes: 4096,
  /** One DNS answer over TCP: a frame's payload less what says where it goes. */
  nameAnswerBytes: 64 * KiB - 64,
  /** Answers of the world's servers kept, and the largest that is. */
  nameCacheEntries: 2048,
  nameCacheBytes: 4096,
  /** Queries that wait for the world's servers, of all containers. */
  nameForwards: 512,
  /** Until the next server is tried, and until nobody answers any more: ahead of what resolvers inside give a server. */
  nameServerMs: 1000,
  nameForwardMs: 4500,
  /** After nobody answered in that time, what they get for so long; and how many lists of servers are remembered. */
  nameSilentMs: 1000,
  nameSilenceMs: 15_000,
  nameSilentLists: 64,
  /** Containers of one `cfs server`, those that ended and were not stopped included. */
  cfsContainers: 256,
  /** Requests that a `cfs server` answers at once. */
  cfsRequests: 64,
  /** Entries that its history keeps. */
  cfsHistoryEntries: 10_000,
  /** What they may take: a command can be as long as a body. */
  cfsHistoryBytes: 16 * MiB,
  /** Until a service of logs is connected, ms. */
  logServiceMs: 10_000,
  /** Events kept for `events --since`. */
  eventsKept: 4096,
} as const;
