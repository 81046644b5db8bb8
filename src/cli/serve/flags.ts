/** The flags of `tiffin serve`: those of docker's daemon, as far as they mean something here. */

import { defaultDataRoot, defaultExecRoot } from '../client/engine.ts';
import { checkAddress } from '../container/checks.ts';
import type { FlagSpec } from '../flags/spec.ts';

const places: readonly FlagSpec[] = [
  {
    name: 'data-root',
    kind: 'string',
    help: 'Directory of everything that lasts',
    fallback: defaultDataRoot,
    deprecated: ['-g', '-graph', '--graph'],
  },
  {
    name: 'exec-root',
    kind: 'string',
    help: 'Directory of sockets and other state until the next boot',
    fallback: defaultExecRoot,
  },
  {
    name: 'pidfile',
    short: 'p',
    kind: 'string',
    help: 'Write the process id to the file, and remove it at the end',
  },
];

const listeners: readonly FlagSpec[] = [
  {
    name: 'host',
    short: 'H',
    kind: 'list',
    help: 'Where to answer: unix:///path, tcp://ADDRESS:PORT or fd:// (default: tiffin.sock in the exec root)',
  },
  {
    name: 'group',
    short: 'G',
    kind: 'string',
    help: 'Group whose members may use the unix socket (default: root alone)',
  },
  { name: 'tls', kind: 'bool', help: 'Speak TLS on TCP; implied by --tlsverify' },
  { name: 'tlsverify', kind: 'bool', help: 'Speak TLS on TCP and ask clients for a certificate' },
  {
    name: 'tlscacert',
    kind: 'string',
    help: 'Trust clients whose certificates are signed by this CA',
  },
  { name: 'tlscert', kind: 'string', help: 'TLS certificate of the engine' },
  { name: 'tlskey', kind: 'string', help: 'Key of the TLS certificate' },
];

const earlier: readonly FlagSpec[] = [
  {
    name: 'cfs',
    kind: 'string',
    label: 'address',
    help: 'Serve the REST interface of container from scratch beside the API, such as on 127.0.0.1:1337',
  },
  {
    name: 'cfs-images',
    kind: 'string',
    label: 'directory',
    help: 'Its folder of root file systems (default $CFS_IMAGES, else "./OSimages")',
  },
];

const networking: readonly FlagSpec[] = [
  {
    name: 'bridge',
    short: 'b',
    kind: 'string',
    help: '"none": containers that name no network have none',
  },
  {
    name: 'bip',
    kind: 'string',
    help: 'Address and subnet of the default bridge (10.1.0.1/16)',
    deprecated: ['-bip'],
  },
  {
    name: 'dns',
    kind: 'list',
    help: 'DNS servers of containers',
    check: checkAddress,
    deprecated: ['-dns'],
  },
  { name: 'dns-opt', kind: 'list', help: 'DNS options of containers' },
  { name: 'dns-search', kind: 'list', help: 'DNS search domains of containers' },
  {
    name: 'icc',
    kind: 'bool',
    fallback: 'true',
    help: 'Let containers on the default bridge talk to each other',
    deprecated: ['-icc'],
  },
  {
    name: 'ip',
    kind: 'string',
    help: 'Address of the host where ports of the default bridge are published (default 0.0.0.0)',
    deprecated: ['-ip'],
  },
  {
    name: 'ip-forward',
    kind: 'bool',
    fallback: 'true',
    help: 'Switch on net.ipv4.ip_forward',
    deprecated: ['-ip-forward'],
  },
  {
    name: 'mtu',
    kind: 'int',
    help: 'MTU of the default bridge (default 1500)',
    deprecated: ['-mtu'],
  },
];

const others: readonly FlagSpec[] = [
  { name: 'debug', short: 'D', kind: 'bool', help: 'Print every request with its answer’s status' },
  {
    name: 'restart',
    short: 'r',
    kind: 'bool',
    fallback: 'true',
    help: 'Start containers whose restart policy says so',
  },
  {
    name: 'storage-driver',
    short: 's',
    kind: 'string',
    help: 'Layers are stacked by overlay2, and by nothing else',
  },
  {
    name: 'ready-fd',
    kind: 'int',
    help: 'Descriptor that hears when the engine answers',
    hidden: true,
  },
];

/** Understood, and answered with a sentence unless they ask for what is so anyway. */
const refused: readonly FlagSpec[] = [
  {
    name: 'iptables',
    kind: 'bool',
    fallback: 'true',
    help: 'Rules are in a table of their own',
    hidden: true,
    deprecated: ['-iptables'],
  },
  { name: 'selinux-enabled', kind: 'bool', help: 'Not supported', hidden: true },
  {
    name: 'exec-driver',
    kind: 'string',
    help: 'There is one: native',
    hidden: true,
    obsolete: true,
    deprecated: ['-e', '-exec-driver', '--exec-driver'],
  },
  {
    name: 'api-enable-cors',
    kind: 'bool',
    help: 'Let pages of other sites use the API',
    hidden: true,
    refused: 'a page that could reach the engine would be root on this machine',
    deprecated: ['-api-enable-cors', '--api-enable-cors'],
  },
  {
    name: 'storage-opt',
    kind: 'list',
    help: 'Were for other storage drivers',
    hidden: true,
    refused: 'overlay2 has no options here; run --storage-opt is about one container',
    deprecated: ['--storage-opt'],
  },
];

export const serveFlags: readonly FlagSpec[] = [
  ...places,
  ...listeners,
  ...earlier,
  ...networking,
  ...others,
  ...refused,
];
