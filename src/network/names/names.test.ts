import { expect, test } from 'bun:test';
import { type DecodedPacket, decode, encode, type RecordType } from 'dns-packet';
import { openDatabase } from '../../host/database.ts';
import type { NameServers } from '../../host/name-servers.ts';
import { NetworkManager } from '../manager.ts';
import { Forwarder } from './forward.ts';
import { parseQuestion } from './question.ts';
import { addressOfPointer } from './reverse.ts';
import type { Asker } from './service.ts';

const UDP = 'udp' as const;

test('NameService answers names, aliases, addresses and what they do not have', async () => {
  const { networks, asker, connect } = room();
  networks.create({ name: 'net', pools: [{ subnet: '10.99.0.0/24' }] });
  const one = connect('net', 'one', ['svc']);
  const two = connect('net', 'two', ['svc', 'Mixed']);
  const ask = async (name: string, type: RecordType) =>
    read(await networks.names.answer(asker(one.containerId), query(name, type), UDP));
  expect(data(await ask('two', 'A'))).toEqual([two.address]);
  expect(data(await ask('mIXED', 'A'))).toEqual([two.address]);
  expect(data(await ask('two.net', 'A'))).toEqual([two.address]);
  expect(data(await ask('svc', 'A')).sort()).toEqual([one.address, two.address].sort());
  const none = await ask('two', 'AAAA');
  expect([none.rcode, data(none)]).toEqual(['NOERROR', []]);
  expect(data(await ask('3.0.99.10.in-addr.arpa', 'PTR'))).toEqual(['two.net']);
  expect((await ask('77.0.99.10.in-addr.arpa', 'PTR')).rcode).toBe('NXDOMAIN');
  // The case of the question comes back letter by letter.
  expect((await ask('tWo', 'A')).questions?.[0]?.name).toBe('tWo');
});

test('NameService tells a container nothing of networks that it is not in', async () => {
  const { networks, asker, connect } = room();
  networks.create({ name: 'left', internal: true });
  networks.create({ name: 'right', internal: true });
  const one = connect('left', 'one');
  connect('right', 'secret');
  const answer = await networks.names.answer(asker(one.containerId), query('secret', 'A'), UDP);
  expect(read(answer).rcode).toBe('NXDOMAIN');
});

test('NameService gives two equal names their addresses in changing order', async () => {
  const { networks, asker, connect } = room();
  networks.create({ name: 'net' });
  const one = connect('net', 'one', ['svc']);
  connect('net', 'two', ['svc']);
  const first = new Set<string | undefined>();
  for (let at = 0; at < 64; at += 1) {
    const answer = await networks.names.answer(asker(one.containerId), query('svc', 'A'), UDP);
    first.add(data(read(answer))[0]);
  }
  expect(first.size).toBe(2);
});

test('NameService cuts an answer short that does not fit a datagram, and gives it whole over TCP', async () => {
  const { networks, asker, connect } = room();
  networks.create({ name: 'net' });
  const one = connect('net', 'one', ['svc']);
  for (let at = 0; at < 60; at += 1) connect('net', `more${at}`, ['svc']);
  const ask = (transport: 'udp' | 'tcp') =>
    networks.names.answer(asker(one.containerId), query('svc', 'A'), transport);
  const short = read(await ask('udp'));
  expect([short.flag_tc, data(short)]).toEqual([true, []]);
  expect(data(read(await ask('tcp')))).toHaveLength(61);
});

test('NameService survives every message, and answers none that is an answer', async () => {
  const { networks, asker, connect } = room();
  networks.create({ name: 'net', internal: true });
  const one = connect('net', 'one');
  const good = query('one', 'A');
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed;
  };
  for (let round = 0; round < 3000; round += 1) {
    const bytes = good.slice(0, round % 3 === 0 ? random() % (good.length + 1) : good.length);
    for (let change = 0; change < 3; change += 1) {
      if (bytes.length > 0) bytes[random() % bytes.length] = random() & 0xff;
    }
    const answer = await networks.names.answer(asker(one.containerId), bytes, UDP);
    if (answer !== undefined) expect(answer.subarray(0, 2)).toEqual(bytes.subarray(0, 2));
  }
  const response = good.slice();
  response[2] = 0x80;
  expect(await networks.names.answer(asker(one.containerId), response, UDP)).toBeUndefined();
  expect(parseQuestion(new Uint8Array(5000))).toBeUndefined();
});

test('Forwarder keeps what it heard as long as it holds, and counts its lifetime down', async () => {
  let now = 1_000_000;
  const world = fakeWorld(() => response('example.com', 100));
  const forwarder = new Forwarder(world.servers, () => now);
  const ask = async (name: string) => {
    const question = parseQuestion(query(name, 'A'));
    if (question === undefined) throw new Error('no question');
    return read(await forwarder.ask(question, ['192.0.2.1'], UDP));
  };
  expect(ttl(await ask('example.com'))).toBe(100);
  now += 40_000;
  expect(ttl(await ask('EXAMPLE.com'))).toBe(60);
  expect(world.asked).toBe(1);
  now += 61_000;
  expect(ttl(await ask('example.com'))).toBe(100);
  expect(world.asked).toBe(2);
});

test('Forwarder takes no answer to another question, and says SERVFAIL when nobody answers', async () => {
  const world = fakeWorld(() => response('other.com', 100));
  const question = parseQuestion(query('example.com', 'A'));
  if (question === undefined) throw new Error('no question');
  const forwarder = new Forwarder(world.servers);
  const answer = read(await forwarder.ask(question, ['192.0.2.1'], UDP));
  expect(answer.rcode).toBe('SERVFAIL');
});

test('Forwarder gives servers that were silent less time, until one answers', async () => {
  let now = 1_000_000;
  const given: number[] = [];
  let answer: Uint8Array | undefined;
  const servers: NameServers = {
    ask: async (_query, _servers, { limitMs }) => {
      given.push(limitMs);
      return answer;
    },
  };
  const forwarder = new Forwarder(servers, () => now);
  const question = parseQuestion(query('example.com', 'A'));
  if (question === undefined) throw new Error('no question');
  const ask = async (list = '192.0.2.1') => read(await forwarder.ask(question, [list], UDP)).rcode;
  expect([await ask(), await ask(), await ask('192.0.2.2')]).toEqual(Array(3).fill('SERVFAIL'));
  expect(given).toEqual([4500, 1000, 4500]);
  answer = response('example.com', 0);
  expect(await ask()).toBe('NOERROR');
  answer = undefined;
  await ask();
  now += 20_000;
  await ask();
  expect(given.slice(3)).toEqual([1000, 4500, 4500]);
  expect(read(await forwarder.ask(question, [], UDP)).rcode).toBe('SERVFAIL');
});

test('addressOfPointer reads both families and nothing else', () => {
  expect(addressOfPointer('4.3.2.1.in-addr.arpa')).toBe('1.2.3.4');
  expect(addressOfPointer('256.3.2.1.in-addr.arpa')).toBeUndefined();
  expect(addressOfPointer('3.2.1.in-addr.arpa')).toBeUndefined();
  const digits = `1.${'0.'.repeat(27)}0.0.d.f`;
  expect(addressOfPointer(`${digits}.ip6.arpa`)).toBe('fd00::1');
  expect(addressOfPointer('1.ip6.arpa')).toBeUndefined();
});

function room() {
  const networks = new NetworkManager({
    database: openDatabase(':memory:'),
    dataRoot: '/test/names',
  });
  networks.ensureDefault();
  let count = 0;
  const connect = (network: string, name: string, aliases: string[] = []) => {
    count += 1;
    const containerId = String(count).padStart(64, 'e');
    const hostname = containerId.slice(0, 12);
    return networks.connect({ containerId, network, hostname, aliases: [name, ...aliases] });
  };
  const asker = (containerId: string): Asker => ({ containerId, servers: [], links: new Map() });
  return { networks, connect, asker };
}

function query(name: string, type: RecordType): Uint8Array {
  return Uint8Array.from(
    encode({ type: 'query', id: 4711, flags: 256, questions: [{ name, type }] }),
  );
}

function read(answer: Uint8Array | undefined): DecodedPacket & { rcode?: string } {
  if (answer === undefined) throw new Error('no answer');
  return decode(Buffer.from(answer));
}

function data(packet: DecodedPacket): string[] {
  return (packet.answers ?? []).map((record) => String('data' in record ? record.data : ''));
}

function ttl(packet: DecodedPacket): number | undefined {
  const [first] = packet.answers ?? [];
  return first !== undefined && 'ttl' in first ? first.ttl : undefined;
}

function response(name: string, seconds: number): Uint8Array {
  return Uint8Array.from(
    encode({
      type: 'response',
      id: 4711,
      questions: [{ name, type: 'A' }],
      answers: [{ name, type: 'A', ttl: seconds, data: '192.0.2.7' }],
    }),
  );
}

function fakeWorld(answer: () => Uint8Array): { servers: NameServers; asked: number } {
  const world = {
    asked: 0,
    servers: {
      ask: async (
        _query: Uint8Array,
        _servers: readonly string[],
        { accept }: Parameters<NameServers['ask']>[2],
      ) => {
        world.asked += 1;
        const bytes = answer();
        return accept(bytes) ? bytes : undefined;
      },
    },
  };
  return world;
}
