/** Versions of the Docker Engine API that are served: 1.24 to 1.51, told by `version` and demanded of paths. */

export const OLDEST_MINOR = 24;
export const LATEST_MINOR = 51;
export const MIN_API_VERSION = `1.${OLDEST_MINOR}`;
export const API_VERSION = `1.${LATEST_MINOR}`;
