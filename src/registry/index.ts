/** The distribution protocol (OCI distribution-spec), as a client. */

export {
  type RemoteDocument,
  remoteDocument,
  remoteTags,
  type SearchResult,
  searchRegistry,
} from './ask.ts';
export { checkCredentials } from './login.ts';
export { type PullOptions, pull } from './pull.ts';
export { type PushedImage, type PushOptions, push } from './push.ts';
export { type IndexPart, pushIndex } from './push-index.ts';
export type { ResolvedImage } from './resolve.ts';
