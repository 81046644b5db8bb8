/** The distribution protocol (OCI distribution-spec), as a client. */

export { type PullOptions, pull } from './pull.ts';
export { type PushedImage, type PushOptions, push } from './push.ts';
export type { ResolvedImage } from './resolve.ts';
