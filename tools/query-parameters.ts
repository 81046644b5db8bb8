/** What this engine does with each parameter in the query of Docker's routes; `docs/reference/api-coverage.md` shows it. */

/** `yes`: read and acted on. Anything else says what happens instead. */
export type Verdict = string;

/** Parameters that are not simply acted on, by route. */
export const queryExceptions: Readonly<Record<string, Readonly<Record<string, Verdict>>>> = {
  'GET /images/json': {
    digests: 'digests are always listed',
    manifests: 'no effect: each platform is an image of its own, and `Manifests` stays absent',
  },
  'GET /images/{name}/json': {
    manifests: 'no effect: each platform is an image of its own, and `Manifests` stays absent',
  },
  'POST /build': {
    rm: 'no effect: steps leave no containers',
    forcerm: 'no effect: steps leave no containers',
    outputs: 'no effect, as in Docker without BuildKit',
  },
  'POST /build/prune': { 'min-free-space': 'no effect: nothing is kept because of free space' },
  'GET /networks/{id}': {
    verbose: 'no effect: it is about services of a swarm',
    scope: 'no effect: every network is local',
  },
  'PUT /volumes/{name}': { version: 'the route is refused with 503' },
};

/** The parameters of each of Docker's routes that this engine has, in the order of the API's description. */
export const queryParameters: readonly (readonly [route: string, names: string])[] = [
  ['GET /containers/json', 'all limit size filters'],
  ['POST /containers/create', 'name platform'],
  ['GET /containers/{id}/json', 'size'],
  ['GET /containers/{id}/top', 'ps_args'],
  ['GET /containers/{id}/logs', 'follow stdout stderr since until timestamps tail'],
  ['GET /containers/{id}/stats', 'stream one-shot'],
  ['POST /containers/{id}/resize', 'h w'],
  ['POST /containers/{id}/start', 'detachKeys'],
  ['POST /containers/{id}/stop', 'signal t'],
  ['POST /containers/{id}/restart', 'signal t'],
  ['POST /containers/{id}/kill', 'signal'],
  ['POST /containers/{id}/rename', 'name'],
  ['POST /containers/{id}/attach', 'detachKeys logs stream stdin stdout stderr'],
  ['GET /containers/{id}/attach/ws', 'detachKeys logs stream stdin stdout stderr'],
  ['POST /containers/{id}/wait', 'condition'],
  ['DELETE /containers/{id}', 'v force link'],
  ['HEAD /containers/{id}/archive', 'path'],
  ['GET /containers/{id}/archive', 'path'],
  ['PUT /containers/{id}/archive', 'path noOverwriteDirNonDir copyUIDGID'],
  ['POST /containers/prune', 'filters'],
  ['GET /images/json', 'all filters shared-size digests manifests'],
  [
    'POST /build',
    'dockerfile t extrahosts remote q nocache cachefrom pull rm forcerm memory memswap cpushares cpusetcpus cpuperiod cpuquota buildargs shmsize squash labels networkmode platform target outputs version',
  ],
  ['POST /build/prune', 'keep-storage reserved-space max-used-space min-free-space all filters'],
  ['POST /images/create', 'fromImage fromSrc repo tag message changes platform'],
  ['GET /images/{name}/json', 'manifests'],
  ['GET /images/{name}/history', 'platform'],
  ['POST /images/{name}/push', 'tag platform'],
  ['POST /images/{name}/tag', 'repo tag'],
  ['DELETE /images/{name}', 'force noprune platforms'],
  ['GET /images/search', 'term limit filters'],
  ['POST /images/prune', 'filters'],
  ['POST /commit', 'container repo tag comment author pause changes'],
  ['GET /events', 'since until filters'],
  ['GET /system/df', 'type'],
  ['GET /images/{name}/get', 'platform'],
  ['GET /images/get', 'names platform'],
  ['POST /images/load', 'quiet platform'],
  ['POST /exec/{id}/resize', 'h w'],
  ['GET /volumes', 'filters'],
  ['PUT /volumes/{name}', 'version'],
  ['DELETE /volumes/{name}', 'force'],
  ['POST /volumes/prune', 'filters'],
  ['GET /networks', 'filters'],
  ['GET /networks/{id}', 'verbose scope'],
  ['POST /networks/prune', 'filters'],
];
