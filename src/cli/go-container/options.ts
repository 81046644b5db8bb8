/** The command line of go-container: Go's flag package, whose long flags take one dash or two. */

import { contains, formatIp, formatSubnet, lastAddress, parseCidr } from '../../spec/ip.ts';
import { CliError } from '../command.ts';
import type { FlagSpec } from '../flags/spec.ts';

const USAGE = 'Usage: tiffin go-container [OPTIONS] <image name> <command>';
/** Of too few arguments, and of everything that goes wrong later. */
export const EXIT_FAILURE = 1;
/** Of a wrong flag, as the flag package ends. */
const EXIT_WRONG_FLAG = 2;

/** The kernel's own bound of cpu.shares. */
const MAX_SHARES = 262_144;
const CONTAINER_ADDRESS = '10.10.10.2/24';

/** Every one takes a value; they stand before the image's name. */
export const goFlags = [
  {
    name: 'bridge-addr',
    kind: 'string',
    help: 'CIDR bridge address; replaces current if present',
    fallback: '10.10.10.1/24',
  },
  {
    name: 'c',
    kind: 'string',
    help: 'directory to store containers',
    fallback: 'containers',
  },
  {
    name: 'container-addr',
    kind: 'string',
    help: 'CIDR container veth address',
    fallback: CONTAINER_ADDRESS,
  },
  { name: 'cpu', kind: 'int', help: 'cpu shares (relative weight)' },
  {
    name: 'i',
    kind: 'string',
    help: 'directory to find container images',
    fallback: 'images',
  },
  { name: 'mem', kind: 'string', help: 'memory limit in bytes; suffixes can be used' },
  { name: 'userns', kind: 'string', help: 'user namespace: host, or private for one of its own' },
] as const satisfies readonly FlagSpec[];

export interface GoOptions {
  containers: string;
  images: string;
  bridge: BridgeAddress;
  /** To be tried in this order; undefined: any free one. */
  addresses: (string | undefined)[];
  /** 0: not set. */
  cpuShares: number;
  /** Bytes; 0: no limit. */
  memory: number;
  /** Empty: the host's. */
  userNamespace: string;
  image: string;
  command: string[];
}

export interface BridgeAddress {
  /** `10.10.10.0/24`. */
  subnet: string;
  /** The bridge's own: `10.10.10.1`. */
  gateway: string;
}

/** `help`: asked for with -h. Throws `CliError` with the usage text. */
export function parseGoOptions(words: readonly string[]): GoOptions | 'help' {
  const { given, rest } = readFlags(words);
  if (given === 'help') return 'help';
  const text = (name: (typeof goFlags)[number]['name']) =>
    given.get(name) ?? fallbackOf(name) ?? '';
  const bridge = readBridge(text('bridge-addr'));
  const [image, ...command] = rest;
  if (image === undefined || command.length === 0) return tooFew();
  return {
    containers: text('c'),
    images: text('i'),
    bridge: { subnet: formatSubnet(bridge.subnet), gateway: formatIp(bridge.address) },
    addresses: readAddresses(given.get('container-addr'), bridge),
    cpuShares: readShares(text('cpu')),
    memory: readMemory(text('mem')),
    userNamespace: text('userns'),
    image,
    command,
  };
}

/** As the flag package prints it. */
export function usageText(): string {
  const rows = goFlags.map((flag: FlagSpec) => {
    const fallback =
      flag.fallback === undefined ? '' : ` (default ${JSON.stringify(flag.fallback)})`;
    return `  -${flag.name} ${flag.kind}\n    \t${flag.help}${fallback}\n`;
  });
  return `${USAGE}\n${rows.join('')}`;
}

type Given = Map<string, string>;

/** Up to the first word that is no flag; `--` ends them too, the last of several counts. */
function readFlags(words: readonly string[]): { given: Given | 'help'; rest: string[] } {
  const given: Given = new Map();
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? '';
    if (!word.startsWith('-') || word === '-') break;
    at += 1;
    if (word === '--') break;
    const [, name = '', value] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === '' || name.startsWith('-')) throw wrongFlag(`bad flag syntax: ${word}`);
    if (fallbackOf(name) === undefined) {
      if (name === 'h' || name === 'help') return { given: 'help', rest: [] };
      throw wrongFlag(`flag provided but not defined: -${name}`);
    }
    const next = value ?? words[at];
    if (next === undefined) throw wrongFlag(`flag needs an argument: -${name}`);
    if (value === undefined) at += 1;
    given.set(name, next);
  }
  return { given, rest: words.slice(at) };
}

/** Undefined for a flag that there is not. */
function fallbackOf(name: string): string | undefined {
  const flag: FlagSpec | undefined = goFlags.find((one) => one.name === name);
  return flag && (flag.fallback ?? '');
}

type Cidr = NonNullable<ReturnType<typeof parseCidr>>;

function readBridge(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr?.subnet.family === 4 && isHost(cidr)) return cidr;
  throw wrongValue('bridge-addr', text, 'an address with its prefix length, such as 10.10.10.1/24');
}

/** The first address names the network, the last is its broadcast. */
function isHost({ subnet, address }: Cidr): boolean {
  return address.value !== subnet.value && address.value !== lastAddress(subnet);
}

/** Who names no address gets the default one, or any other where that is taken. */
function readAddresses(text: string | undefined, bridge: Cidr): (string | undefined)[] {
  const cidr = parseCidr(text ?? CONTAINER_ADDRESS);
  const fits =
    cidr?.subnet.prefix === bridge.subnet.prefix && contains(bridge.subnet, cidr.address);
  const address = fits ? formatIp(cidr.address) : undefined;
  if (text === undefined) return address === undefined ? [undefined] : [address, undefined];
  if (address !== undefined) return [address];
  throw wrongValue(
    'container-addr',
    text,
    `an address in the bridge's ${formatSubnet(bridge.subnet)}`,
  );
}

function readShares(text: string): number {
  if (text === '') return 0;
  if (/^[0-9]{1,6}$/.test(text) && Number(text) <= MAX_SHARES) return Number(text);
  throw wrongValue('cpu', text, `a number from 0 to ${MAX_SHARES}`);
}

const UNITS = ['k', 'm', 'g', 't'];

/** As the kernel reads memory.limit_in_bytes. */
function readMemory(text: string): number {
  if (text === '') return 0;
  const [, digits = '', unit = ''] = /^([0-9]{1,15})([kmgt]?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** (UNITS.indexOf(unit.toLowerCase()) + 1);
  if (bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw wrongValue('mem', text, 'a number of bytes, or of k, m or g');
}

function wrongValue(name: string, value: string, expected: string): CliError {
  return wrongFlag(
    `invalid value ${JSON.stringify(value)} for flag -${name}: expected ${expected}`,
  );
}

function wrongFlag(message: string): CliError {
  return new CliError(`${message}\n${usageText().trimEnd()}`, EXIT_WRONG_FLAG);
}

function tooFew(): never {
  throw new TooFewArguments();
}

/** Told with the usage on standard output. */
export class TooFewArguments extends CliError {
  constructor() {
    super('', EXIT_FAILURE);
  }
}
