/** Every route of the API, in the order of Docker's documentation. Paths are without the version prefix. */

import { absentRoutes } from './absent-routes.ts';
import { goneRoutes } from './gone-routes.ts';
import type { Route } from './router.ts';
import * as absent from './routes/absent.ts';
import * as archive from './routes/archive.ts';
import * as build from './routes/build.ts';
import { commitContainer } from './routes/commit.ts';
import * as lifecycle from './routes/container-lifecycle.ts';
import * as streams from './routes/container-streams.ts';
import * as containers from './routes/containers.ts';
import * as distribution from './routes/distribution.ts';
import * as execs from './routes/execs.ts';
import * as explain from './routes/explain.ts';
import * as transfer from './routes/image-transfer.ts';
import * as images from './routes/images.ts';
import * as networks from './routes/networks.ts';
import { containerStats } from './routes/stats.ts';
import * as system from './routes/system.ts';
import * as volumes from './routes/volumes.ts';

export const routes: readonly Route[] = [
  ['GET', '/_ping', system.ping],
  ['HEAD', '/_ping', system.ping],
  ['GET', '/version', system.version],
  ['GET', '/info', system.info],
  ['GET', '/events', system.events],
  ['GET', '/system/df', system.dataUsage],
  ['POST', '/auth', system.login],

  ['GET', '/containers/json', containers.listContainers],
  ['POST', '/containers/create', containers.createContainer],
  ['POST', '/containers/prune', containers.pruneContainers],
  ['GET', '/containers/{id}/json', containers.inspectContainer],
  ['GET', '/containers/{id}/top', containers.topContainer],
  ['POST', '/containers/{id}/update', containers.updateContainer],
  ['POST', '/containers/{id}/rename', containers.renameContainer],
  ['DELETE', '/containers/{id}', containers.removeContainer],
  ['DELETE', '/containers/{id}/{alias}', containers.removeLink],
  ['POST', '/containers/{id}/start', lifecycle.startContainer],
  ['POST', '/containers/{id}/stop', lifecycle.stopContainer],
  ['POST', '/containers/{id}/restart', lifecycle.restartContainer],
  ['POST', '/containers/{id}/kill', lifecycle.killContainer],
  ['POST', '/containers/{id}/pause', lifecycle.pauseContainer],
  ['POST', '/containers/{id}/unpause', lifecycle.unpauseContainer],
  ['POST', '/containers/{id}/wait', lifecycle.waitContainer],
  ['POST', '/containers/{id}/resize', lifecycle.resizeContainer],
  ['POST', '/containers/{id}/attach', streams.attachContainer],
  ['GET', '/containers/{id}/logs', streams.containerLogs],
  ['GET', '/containers/{id}/stats', containerStats],
  ['GET', '/containers/{id}/export', streams.exportContainer],
  ['GET', '/containers/{id}/changes', containers.containerChanges],
  ['GET', '/containers/{id}/archive', archive.copyOut],
  ['HEAD', '/containers/{id}/archive', archive.statPath],
  ['PUT', '/containers/{id}/archive', archive.copyIn],
  ['GET', '/containers/{id}/attach/ws', streams.attachWebSocket],
  ['POST', '/commit', commitContainer],

  ['POST', '/containers/{id}/exec', execs.createExec],
  ['POST', '/exec/{id}/start', execs.startExec],
  ['POST', '/exec/{id}/resize', execs.resizeExec],
  ['GET', '/exec/{id}/json', execs.inspectExec],

  ['GET', '/images/json', images.listImages],
  ['POST', '/images/create', transfer.createImage],
  ['POST', '/images/load', transfer.loadImages],
  ['GET', '/images/get', transfer.saveImages],
  ['POST', '/images/prune', images.pruneImages],
  ['GET', '/images/search', distribution.searchImages],
  ['GET', '/images/{name*}/json', images.inspectImage],
  ['GET', '/images/{name*}/history', images.imageHistory],
  ['GET', '/images/{name*}/get', transfer.saveImage],
  ['POST', '/images/{name*}/tag', images.tagImage],
  ['POST', '/images/{name*}/push', transfer.pushImage],
  ['DELETE', '/images/{name*}', images.removeImage],
  ['GET', '/distribution/{name*}/json', distribution.inspectDistribution],
  ['POST', '/build', build.buildImage],
  ['POST', '/build/prune', build.pruneBuilds],

  ['GET', '/volumes', volumes.listVolumes],
  ['POST', '/volumes/create', volumes.createVolume],
  ['POST', '/volumes/prune', volumes.pruneVolumes],
  ['GET', '/volumes/{name}', volumes.inspectVolume],
  ['PUT', '/volumes/{name}', absent.notInSwarm],
  ['DELETE', '/volumes/{name}', volumes.removeVolume],

  ['GET', '/networks', networks.listNetworks],
  ['POST', '/networks/create', networks.createNetwork],
  ['POST', '/networks/prune', networks.pruneNetworks],
  ['GET', '/networks/{id}', networks.inspectNetwork],
  ['DELETE', '/networks/{id}', networks.removeNetwork],
  ['POST', '/networks/{id}/connect', networks.connectNetwork],
  ['POST', '/networks/{id}/disconnect', networks.disconnectNetwork],

  ['GET', '/tiffin/containers/{id}/explain', explain.explainContainer],
  ['POST', '/tiffin/explain', explain.explainRun],
  ['POST', '/tiffin/system/fsck', system.checkStore],
  ['GET', '/tiffin/manifests/{name*}', distribution.inspectManifest],
  ['PUT', '/tiffin/manifests/{name*}', distribution.pushIndex],
  ['POST', '/tiffin/build', build.buildFramed],
  ['GET', '/tiffin/images/{name*}/rootfs', build.imageFiles],

  ...absentRoutes,
  ...goneRoutes,
];
