/**
 * Containers made, used and removed by several clients at once, and what of the engine and the host was more afterwards than before.
 * As a program: `bun test/api/soak.ts [ROUNDS [CLIENTS]]`, with the built binary and an engine of its own.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { hostState, leftBehind, must, TestEngine, until } from '../integration/harness.ts';
import { ask, Dial } from './client.ts';

export interface SoakReport {
  rounds: number;
  seconds: number;
  /** Resident memory of the engine after the warm-up, and after all rounds and a rest, KiB. */
  memoryBefore: number;
  memoryAfter: number;
  descriptorsBefore: number;
  descriptorsAfter: number;
  /** Of the data root. */
  diskKiBBefore: number;
  diskKiBAfter: number;
  /** Mounts, links, rules, cgroups and processes of the host that were not there before. */
  left: string[];
  /** Containers, execs, volumes and endpoints that the engine still knows. */
  known: number;
  /** Answers that were not what they should be. */
  wrong: string[];
}

/** What caches and compiled code may still come to. */
export const GROWTH_KIB = 24 * 1024;

/** Enough for caches and the just-in-time compiler to have grown. */
const WARM_UP = 500;

export async function soak(
  engine: TestEngine,
  rounds: number,
  clients: number,
): Promise<SoakReport> {
  const wrong: string[] = [];
  await spread(engine, Math.min(WARM_UP, rounds), clients, wrong);
  await quiet(engine);
  const host = await hostState();
  const before = await measure(engine);
  const start = performance.now();
  await spread(engine, rounds, clients, wrong);
  const seconds = (performance.now() - start) / 1000;
  const left = await leftBehind(host);
  await quiet(engine);
  await until('the engine has its memory back', () => memory(engine) <= before.memory + GROWTH_KIB);
  const after = await measure(engine);
  return {
    rounds,
    seconds,
    memoryBefore: before.memory,
    memoryAfter: after.memory,
    descriptorsBefore: before.descriptors,
    descriptorsAfter: after.descriptors,
    diskKiBBefore: before.disk,
    diskKiBAfter: after.disk,
    left,
    known: await knownObjects(engine),
    wrong,
  };
}

async function spread(engine: TestEngine, rounds: number, clients: number, wrong: string[]) {
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let turn = next++; turn < rounds; turn = next++) await round(engine.socket, turn, wrong);
    }),
  );
}

/** Create, start, exec, stop, remove; every fourth on the bridge with a published port and a volume. */
async function round(socket: string, turn: number, wrong: string[]): Promise<void> {
  const expectStatus = async (status: number, method: string, path: string, body?: object) => {
    const answer = await ask(socket, method, path, body === undefined ? {} : { body });
    if (answer.status !== status) {
      wrong.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return Object(answer.body);
  };
  const bridged = turn % 4 === 0;
  const { Id } = await expectStatus(201, 'POST', '/containers/create', {
    Image: 'starter',
    Cmd: ['sh', '-c', 'trap "exit 0" TERM; echo up; sleep 1000 & wait'],
    ...(bridged && { ExposedPorts: { '80/tcp': {} }, Volumes: { '/data': {} } }),
    HostConfig: bridged
      ? { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1' }] } }
      : { NetworkMode: 'none' },
  });
  await expectStatus(204, 'POST', `/containers/${Id}/start`);
  const exec = await expectStatus(201, 'POST', `/containers/${Id}/exec`, {
    Cmd: ['echo', `turn ${turn}`],
    AttachStdout: true,
  });
  const stream = new Dial(socket).request(
    'POST',
    `/exec/${exec.Id}/start`,
    ['Connection: Upgrade', 'Upgrade: tcp'],
    '{}',
  );
  const said = await stream.untilEnd();
  stream.socket.destroy();
  if (!said.includes(`turn ${turn}\n`)) wrong.push(`exec of turn ${turn}: ${said}`);
  await expectStatus(204, 'POST', `/containers/${Id}/stop?t=5`);
  await expectStatus(204, 'DELETE', `/containers/${Id}?v=1`);
}

/** What is emptied in the background is empty. */
async function quiet(engine: TestEngine): Promise<void> {
  const trash = () => readdirSync(`${engine.dataRoot}/trash`).length;
  while (trash() > 0) await Bun.sleep(20);
}

function memory(engine: TestEngine): number {
  const status = readFileSync(`/proc/${engine.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

async function measure(engine: TestEngine) {
  const [disk = ''] = (await must(['du', '-sk', '--exclude=tiffin.db*', engine.dataRoot])).split(
    '\t',
  );
  return {
    memory: memory(engine),
    descriptors: readdirSync(`/proc/${engine.pid}/fd`).length,
    disk: Number(disk),
  };
}

async function knownObjects(engine: TestEngine): Promise<number> {
  const list = async (path: string) => Object((await ask(engine.socket, 'GET', path)).body);
  const containers = await list('/containers/json?all=1');
  const volumes = await list('/volumes');
  const bridge = await list('/networks/bridge');
  return containers.length + volumes.Volumes.length + Object.keys(bridge.Containers).length;
}

if (import.meta.main) {
  const [rounds = '2000', clients = '8'] = process.argv.slice(2);
  await using engine = await TestEngine.start();
  const report = await soak(engine, Number(rounds), Number(clients));
  console.log(JSON.stringify(report, undefined, 2));
  const failed =
    report.wrong.length > 0 ||
    report.left.length > 0 ||
    report.known > 0 ||
    report.descriptorsAfter > report.descriptorsBefore + 2 ||
    report.diskKiBAfter > report.diskKiBBefore + 64 ||
    report.memoryAfter > report.memoryBefore + GROWTH_KIB;
  process.exitCode = failed ? 1 : 0;
}
