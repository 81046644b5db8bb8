/**
 * The names of a container's networks: what each container asks its own monitor comes here.
 *
 *   names of the networks that the asker is in  →  answered here, with every address of that name in random order
 *   addresses of those networks                 →  PTR, answered here
 *   anything else                               →  the world's servers; not for a container of internal networks only
 *
 * Which container asks is known from the connection: nobody can ask for another (K8), and nobody listens on the host.
 */

import { randomInt } from 'node:crypto';
import { contains, parseCidr, parseIp } from '../../spec/ip.ts';
import { DEFAULT_NETWORK } from '../new-network.ts';
import type { Endpoint, Network } from '../types.ts';
import { emptyAnswer, formatError, localAnswer, RCODE, type Transport } from './answer.ts';
import type { NameDirectory, NamedAddresses } from './directory.ts';
import type { Forwarder } from './forward.ts';
import { parseQuestion, type Question } from './question.ts';
import { addressOfPointer } from './reverse.ts';

export interface Asker {
  containerId: string;
  /** Servers for what is not known here, in order. */
  servers: readonly string[];
  /** `--link`: what this container alone calls another one, lower case, to that one's name. */
  links: ReadonlyMap<string, string>;
}

/** What the service reads of the room. */
export interface NameSource {
  endpointsOf(container: string): Endpoint[];
  network(id: string): Network | undefined;
}

type Members = readonly { endpoint: Endpoint; network: Network }[];

export class NameService {
  readonly #source: NameSource;
  readonly #directory: NameDirectory;
  readonly #forwarder: Forwarder;

  constructor(source: NameSource, directory: NameDirectory, forwarder: Forwarder) {
    this.#source = source;
    this.#directory = directory;
    this.#forwarder = forwarder;
  }

  /** Undefined: what came deserves no answer. */
  async answer(
    asker: Asker,
    message: Uint8Array,
    transport: Transport,
  ): Promise<Uint8Array | undefined> {
    const question = parseQuestion(message);
    if (question === undefined) return formatError(message);
    const members = this.#members(asker.containerId);
    const own = question.class === 'IN' ? this.#ownAnswer(asker, question, members) : undefined;
    if (own !== undefined) {
      return typeof own === 'number'
        ? emptyAnswer(question, own)
        : localAnswer(question, own, transport);
    }
    // What a container of an internal network asks must not carry anything out (CVE-2024-29018).
    const outside = members.some(({ network }) => !network.internal);
    if (!outside) return emptyAnswer(question, RCODE.noSuchName);
    return await this.#forwarder.ask(question, asker.servers, transport);
  }

  #members(container: string): Members {
    return this.#source.endpointsOf(container).flatMap((endpoint) => {
      const network = this.#source.network(endpoint.networkId);
      return network === undefined ? [] : [{ endpoint, network }];
    });
  }

  /** Records, a response code, or undefined for what is not ours to say. */
  #ownAnswer(
    asker: Asker,
    question: Question,
    members: Members,
  ): Parameters<typeof localAnswer>[1] | number | undefined {
    // The default network has no names, as with Docker.
    const named = members.filter(({ network }) => network.name !== DEFAULT_NETWORK);
    if (question.type === 'PTR') return this.#pointer(question.name, named);
    const found = this.#lookUp(asker, question.name, named);
    if (found === undefined) return undefined;
    if (question.type === 'A') return shuffled(found.v4).map((data) => ({ type: 'A', data }));
    if (question.type === 'AAAA') return shuffled(found.v6).map((data) => ({ type: 'AAAA', data }));
    return [];
  }

  #lookUp(asker: Asker, asked: string, members: Members): NamedAddresses | undefined {
    const name = asker.links.get(asked)?.toLowerCase() ?? asked;
    const found = members.flatMap(({ network }) => {
      const suffix = `.${network.name.toLowerCase()}`;
      const short = name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
      const inside = short === undefined ? undefined : this.#directory.find(network.id, short);
      return this.#directory.find(network.id, name) ?? inside ?? [];
    });
    if (found.length === 0) return undefined;
    return { v4: found.flatMap(({ v4 }) => v4), v6: found.flatMap(({ v6 }) => v6) };
  }

  #pointer(name: string, members: Members): { type: 'PTR'; data: string }[] | number | undefined {
    const address = addressOfPointer(name);
    const ip = address === undefined ? undefined : parseIp(address);
    if (address === undefined || ip === undefined) return undefined;
    for (const { network } of members) {
      const found = this.#directory.nameAt(network.id, address);
      if (found !== undefined) return [{ type: 'PTR', data: `${found}.${network.name}` }];
    }
    // The world does not know who is in a network of ours, and need not know who asks.
    const pools = members.flatMap(({ network }) => [network.ipv4, network.ipv6]);
    const ours = pools.some((pool) => {
      const subnet = pool && parseCidr(pool.subnet)?.subnet;
      return subnet?.family === ip.family && contains(subnet, ip);
    });
    return ours ? RCODE.noSuchName : undefined;
  }
}

/** Everybody of one name gets a part of those who take the first address. */
function shuffled(addresses: readonly string[]): string[] {
  const list = [...new Set(addresses)];
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1);
    const [a, b] = [list[at], list[other]];
    if (a === undefined || b === undefined) continue;
    list[at] = b;
    list[other] = a;
  }
  return list;
}
