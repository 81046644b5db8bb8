/** Programs that run at points of a container's life: runtime-spec config.md «POSIX-platform Hooks». */

import { type Decoded, integer, list, object, text } from './decode.ts';

/** `timeout` in seconds, at least 1. */
const hook = object(
  { path: text },
  { args: list(text), env: list(text), timeout: integer(1, 2 ** 31 - 1) },
);
export type Hook = Decoded<typeof hook>;

export const hooks = object(
  {},
  {
    /** Deprecated; runs before `createRuntime`, at the same point. */
    prestart: list(hook),
    createRuntime: list(hook),
    createContainer: list(hook),
    startContainer: list(hook),
    poststart: list(hook),
    poststop: list(hook),
  },
);
export type Hooks = Decoded<typeof hooks>;
export type HookPoint =
  | 'prestart'
  | 'createRuntime'
  | 'createContainer'
  | 'startContainer'
  | 'poststart'
  | 'poststop';
