/** What the administrator says once for all containers of an engine. */

export interface EngineSettings {
  /** Where containers are that name no network; `none`: there is no default network. */
  network: 'bridge' | 'none';
  /** Name servers, search domains and options of containers that have none of their own. */
  servers: readonly string[];
  search: readonly string[];
  resolverOptions: readonly string[];
  /** Shown by `info`. */
  debug: boolean;
}

export const DEFAULT_SETTINGS: EngineSettings = {
  network: 'bridge',
  servers: [],
  search: [],
  resolverOptions: [],
  debug: false,
};
