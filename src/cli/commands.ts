/** Every command and what it is called. Files are imported only when a command is used. */

import type { Command } from './command.ts';

export interface CommandEntry {
  /** Each name without `tiffin`; the first one is the main one. One that is a group's name answers what is none of the group's commands. */
  names: readonly [string, ...string[]];
  /** Listed first in the help. */
  everyday?: boolean;
  /** Not in the help: programs call it, not persons. */
  hidden?: boolean;
  load: () => Promise<Command>;
}

/** A word that is followed by another: `tiffin container ls`. */
export const groups: ReadonlyMap<string, string> = new Map([
  ['builder', 'Manage builds'],
  ['cfs', 'Run root file systems of a folder (container from scratch)'],
  ['container', 'Manage containers'],
  ['context', 'Manage contexts'],
  ['image', 'Manage images'],
  ['manifest', 'Look at manifests in registries, and make lists of them'],
  ['network', 'Manage networks'],
  ['system', 'Manage the engine'],
  ['volume', 'Manage volumes'],
]);

export const commands: readonly CommandEntry[] = [
  {
    names: ['run', 'container run'],
    everyday: true,
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    names: ['exec', 'container exec'],
    everyday: true,
    load: async () => (await import('./commands/exec.ts')).exec,
  },
  {
    names: ['ps', 'container ls', 'container list', 'container ps'],
    everyday: true,
    load: async () => (await import('./commands/ps.ts')).ps,
  },
  { names: ['login'], load: async () => (await import('./commands/login.ts')).login },
  { names: ['logout'], load: async () => (await import('./commands/logout.ts')).logout },
  {
    names: ['logs', 'container logs'],
    everyday: true,
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  {
    names: ['pull', 'image pull'],
    everyday: true,
    load: async () => (await import('./commands/pull.ts')).pull,
  },
  {
    names: ['images', 'image ls', 'image list'],
    everyday: true,
    load: async () => (await import('./commands/images.ts')).images,
  },
  {
    names: ['explain', 'container explain'],
    everyday: true,
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    names: ['build', 'image build', 'builder build'],
    everyday: true,
    load: async () => (await import('./commands/build.ts')).build,
  },
  {
    names: ['builder prune'],
    load: async () => (await import('./commands/builder-prune.ts')).builderPrune,
  },
  {
    names: ['attach', 'container attach'],
    load: async () => (await import('./commands/attach.ts')).attach,
  },
  {
    names: ['commit', 'container commit'],
    load: async () => (await import('./commands/commit.ts')).commit,
  },
  {
    names: ['__complete'],
    hidden: true,
    load: async () => (await import('./commands/complete.ts')).complete,
  },
  {
    names: ['cfs'],
    hidden: true,
    load: async () => (await import('./cfs/main.ts')).cfs,
  },
  {
    names: ['cfs run', 'cfs r'],
    load: async () => (await import('./cfs/run.ts')).cfsRun,
  },
  {
    names: ['cfs server', 'cfs s'],
    load: async () => (await import('./cfs/server/command.ts')).cfsServer,
  },
  {
    names: ['compose'],
    load: async () => (await import('./commands/compose.ts')).compose,
  },
  {
    names: ['completion'],
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  { names: ['cp', 'container cp'], load: async () => (await import('./commands/cp.ts')).cp },
  {
    names: ['create', 'container create'],
    load: async () => (await import('./commands/create.ts')).create,
  },
  {
    names: ['diff', 'container diff'],
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    names: ['events', 'system events'],
    load: async () => (await import('./commands/events.ts')).events,
  },
  {
    names: ['export', 'container export'],
    load: async () => (await import('./commands/export.ts')).exportContainer,
  },
  {
    names: ['go-container'],
    load: async () => (await import('./go-container/command.ts')).goContainer,
  },
  {
    names: ['history', 'image history'],
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    names: ['import', 'image import'],
    load: async () => (await import('./commands/import.ts')).importImage,
  },
  { names: ['info', 'system info'], load: async () => (await import('./commands/info.ts')).info },
  { names: ['inspect'], load: async () => (await import('./commands/inspect.ts')).inspect },
  {
    names: ['kill', 'container kill'],
    load: async () => (await import('./commands/kill.ts')).kill,
  },
  { names: ['load', 'image load'], load: async () => (await import('./commands/load.ts')).load },
  {
    names: ['pause', 'container pause'],
    load: async () => (await import('./commands/pause.ts')).pause,
  },
  {
    names: ['port', 'container port'],
    load: async () => (await import('./commands/port.ts')).port,
  },
  { names: ['push', 'image push'], load: async () => (await import('./commands/push.ts')).push },
  {
    names: ['rename', 'container rename'],
    load: async () => (await import('./commands/rename.ts')).rename,
  },
  {
    names: ['restart', 'container restart'],
    load: async () => (await import('./commands/stop.ts')).restart,
  },
  {
    names: ['rm', 'container rm', 'container remove'],
    load: async () => (await import('./commands/rm.ts')).rm,
  },
  {
    names: ['rmi', 'image rm', 'image remove'],
    load: async () => (await import('./commands/rmi.ts')).rmi,
  },
  { names: ['save', 'image save'], load: async () => (await import('./commands/save.ts')).save },
  { names: ['search'], load: async () => (await import('./commands/search.ts')).search },
  { names: ['serve'], load: async () => (await import('./commands/serve.ts')).serve },
  {
    names: ['start', 'container start'],
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    names: ['stats', 'container stats'],
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  {
    names: ['stop', 'container stop'],
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  { names: ['tag', 'image tag'], load: async () => (await import('./commands/tag.ts')).tag },
  { names: ['top', 'container top'], load: async () => (await import('./commands/top.ts')).top },
  {
    names: ['unpause', 'container unpause'],
    load: async () => (await import('./commands/pause.ts')).unpause,
  },
  {
    names: ['update', 'container update'],
    load: async () => (await import('./commands/update.ts')).update,
  },
  { names: ['version'], load: async () => (await import('./commands/version.ts')).version },
  {
    names: ['wait', 'container wait'],
    load: async () => (await import('./commands/wait.ts')).wait,
  },
  {
    names: ['container inspect'],
    load: async () => (await import('./commands/inspect.ts')).containerInspect,
  },
  {
    names: ['container prune'],
    load: async () => (await import('./commands/prune.ts')).containerPrune,
  },
  {
    names: ['context create'],
    load: async () => (await import('./commands/context-create.ts')).contextCreate,
  },
  {
    names: ['context export'],
    load: async () => (await import('./commands/context-export.ts')).contextExport,
  },
  {
    names: ['context import'],
    load: async () => (await import('./commands/context-import.ts')).contextImport,
  },
  {
    names: ['context inspect'],
    load: async () => (await import('./commands/context-inspect.ts')).contextInspect,
  },
  {
    names: ['context ls', 'context list'],
    load: async () => (await import('./commands/context-ls.ts')).contextLs,
  },
  {
    names: ['context rm', 'context remove'],
    load: async () => (await import('./commands/context-rm.ts')).contextRm,
  },
  {
    names: ['context show'],
    load: async () => (await import('./commands/context-ls.ts')).contextShow,
  },
  {
    names: ['context update'],
    load: async () => (await import('./commands/context-create.ts')).contextUpdate,
  },
  {
    names: ['context use'],
    load: async () => (await import('./commands/context-use.ts')).contextUse,
  },
  {
    names: ['image inspect'],
    load: async () => (await import('./commands/inspect.ts')).imageInspect,
  },
  { names: ['image prune'], load: async () => (await import('./commands/prune.ts')).imagePrune },
  {
    names: ['manifest annotate'],
    load: async () => (await import('./commands/manifest-annotate.ts')).manifestAnnotate,
  },
  {
    names: ['manifest create'],
    load: async () => (await import('./commands/manifest-create.ts')).manifestCreate,
  },
  {
    names: ['manifest inspect'],
    load: async () => (await import('./commands/manifest-inspect.ts')).manifestInspect,
  },
  {
    names: ['manifest push'],
    load: async () => (await import('./commands/manifest-push.ts')).manifestPush,
  },
  {
    names: ['manifest rm'],
    load: async () => (await import('./commands/manifest-rm.ts')).manifestRm,
  },
  {
    names: ['network connect'],
    load: async () => (await import('./commands/network-connect.ts')).networkConnect,
  },
  {
    names: ['network create'],
    load: async () => (await import('./commands/network-create.ts')).networkCreate,
  },
  {
    names: ['network disconnect'],
    load: async () => (await import('./commands/network-disconnect.ts')).networkDisconnect,
  },
  {
    names: ['network inspect'],
    load: async () => (await import('./commands/inspect.ts')).networkInspect,
  },
  {
    names: ['network ls', 'network list'],
    load: async () => (await import('./commands/network-ls.ts')).networkLs,
  },
  {
    names: ['network prune'],
    load: async () => (await import('./commands/prune.ts')).networkPrune,
  },
  {
    names: ['network rm', 'network remove'],
    load: async () => (await import('./commands/network-rm.ts')).networkRm,
  },
  { names: ['system df'], load: async () => (await import('./commands/system-df.ts')).systemDf },
  {
    names: ['system dial-stdio'],
    hidden: true,
    load: async () => (await import('./commands/system-dial-stdio.ts')).systemDialStdio,
  },
  {
    names: ['system fsck'],
    load: async () => (await import('./commands/system-fsck.ts')).systemFsck,
  },
  {
    names: ['system prune'],
    load: async () => (await import('./commands/system-prune.ts')).systemPrune,
  },
  {
    names: ['volume create'],
    load: async () => (await import('./commands/volume-create.ts')).volumeCreate,
  },
  {
    names: ['volume inspect'],
    load: async () => (await import('./commands/inspect.ts')).volumeInspect,
  },
  {
    names: ['volume ls', 'volume list'],
    load: async () => (await import('./commands/volume-ls.ts')).volumeLs,
  },
  { names: ['volume prune'], load: async () => (await import('./commands/prune.ts')).volumePrune },
  {
    names: ['volume rm', 'volume remove'],
    load: async () => (await import('./commands/volume-rm.ts')).volumeRm,
  },
  {
    names: ['volume update'],
    load: async () => (await import('./commands/volume-update.ts')).volumeUpdate,
  },
];

export function findCommand(name: string): CommandEntry | undefined {
  return commands.find((entry) => entry.names.includes(name));
}
