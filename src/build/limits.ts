/** Bounds of a build's input; what is larger is no honest Dockerfile. */

export const buildLimits = {
  dockerfileBytes: 4 * 1024 * 1024,
  instructions: 10_000,
  stages: 1000,
  heredocs: 64,
  /** One expanded word. */
  wordBytes: 1024 * 1024,
  /** Nesting of `${a:-${b}}`. */
  wordDepth: 32,
  ignorePatterns: 10_000,
  /** Triggers of one base image. */
  triggers: 1000,
} as const;
