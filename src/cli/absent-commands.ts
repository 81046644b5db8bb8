/** Commands of docker that Tiffin has not, and why: said instead of a guess at what was meant. */

const SWARM = 'Tiffin is the engine of one machine and takes part in no swarm';
const LISTS =
  'Tiffin keeps no lists of manifests beside its images; other tools make them, such as buildah';

export const absentCommands: ReadonlyMap<string, string> = new Map([
  [
    'checkpoint',
    'checkpoints are a matter of the runtime: tiffin oci checkpoint, tiffin oci restore',
  ],
  ['config', SWARM],
  [
    'insert',
    `a Dockerfile puts a file into an image: printf 'FROM IMAGE\\nADD URL PATH\\n' | tiffin build -t NAME -`,
  ],
  ['node', SWARM],
  ['plugin', 'Tiffin has no plugins'],
  ['secret', SWARM],
  ['service', SWARM],
  ['stack', SWARM],
  ['swarm', SWARM],
  ['trust', 'Tiffin signs no images, and asks no signing service'],
  ['manifest annotate', LISTS],
  ['manifest create', LISTS],
  ['manifest push', LISTS],
  ['manifest rm', LISTS],
]);
