/** The manual tests of go-container's TESTING.md and of its recordings, T1 to T19 in docs/reference/compatibility.md, done by a program. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { must, until } from '../integration/harness.ts';
import { Bundle } from '../oci/harness.ts';
import { GoContainers, ID, pidOf } from './go-container-harness.ts';

let go: GoContainers;

beforeAll(async () => {
  go = await GoContainers.open();
});

afterAll(() => go[Symbol.asyncDispose]());

/** The words of a shell in a container of `alpine`, and what it printed without the exit line. */
async function inside(script: string, ...flags: string[]): Promise<string> {
  const { status, stdout, stderr } = await go.run(...flags, 'alpine', '/bin/sh', '-c', script);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.replace(/[0-9]+ exited ok\n$/, '');
}

describe('go-container namespaces', () => {
  test('T1 go-container: the container is another process than the command, and pid 1 of its own', async () => {
    const { stdout } = await go.run('alpine', '/bin/sh', '-c', 'echo $$');
    const [own, line = ''] = stdout.split('\n');
    expect(own).toBe('1');
    expect(Number(/^([0-9]+) exited ok$/.exec(line)?.[1])).toBeGreaterThan(1);
  });

  test('T2 T19 go-container: six namespaces are its own, the cgroup namespace too', async () => {
    const listed = await inside(
      'for n in cgroup ipc mnt net pid uts; do readlink /proc/self/ns/$n; done',
    );
    const own = listed.trim().split('\n');
    expect(own.map((link) => link.split(':')[0])).toEqual([
      ...['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'],
    ]);
    const host = own.map((link) => readlinkSync(`/proc/self/ns/${link.split(':')[0]}`));
    expect(own.filter((link) => host.includes(link))).toEqual([]);
  });

  test('T3 go-container: no mount of a container is seen on the host, and none can be made with its privileges', async () => {
    await using running = await go.start('alpine', '/bin/sleep', '1000');
    const pid = await running.pid();
    expect(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).toContain(' /dev/pts ');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(await running.engineId());
    const script = 'mkdir /mnt/iamprivate; mount -t tmpfs tmpfs /mnt/iamprivate 2>&1; echo $?';
    expect(await inside(script)).toMatch(/permission denied.*\n1\n$/s);
  });

  test('T7 go-container: the hostname is the id, and the host keeps its own', async () => {
    const before = await must(['hostname']);
    const [name = ''] = (await inside('hostname; hostname container 2>/dev/null; hostname')).split(
      '\n',
    );
    expect(name).toMatch(ID);
    expect(readdirSync(go.containers)).toContain(name);
    expect(await must(['hostname'])).toBe(before);
  });

  test('T8 go-container: ps shows the container alone, and nobody of the host can be killed', async () => {
    const rows = (await inside('ps; true')).trim().split('\n');
    expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(['PID', '1', expect.any(String)]);
    const killed = await inside(`kill -9 ${process.pid} 2>&1; echo $?`);
    expect(killed).toMatch(/No such process\n1\n$/);
  });

  test('T9 go-container: with a user namespace its root is an ordinary user outside, by tiffin oci', () => {
    using box = new Bundle();
    box.write('cat /proc/self/uid_map', (config) => {
      config.linux.namespaces.push({ type: 'user' });
      config.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
      config.mounts = config.mounts.filter(({ type }: { type: string }) =>
        ['proc', 'tmpfs'].includes(type),
      );
    });
    const { stdout, stderr } = box.run();
    expect({ map: stdout.trim().split(/ +/), stderr }).toEqual({
      map: ['0', '1000', '1'],
      stderr: '',
    });
  });

  test('T10 go-container: the network holds lo and its own cable, nothing of the host', async () => {
    const links = (await inside('ip -o link')).trim().split('\n');
    expect(links.map((line) => line.split(': ')[1]?.split('@')[0])).toEqual(['lo', 'eth0']);
    expect(await inside('ip -o -4 addr show dev eth0')).toContain('inet 10.10.10.2/24');
    expect(await inside('ip route')).not.toContain('default');
  });
});

describe('go-container file system', () => {
  test('T4 go-container: the container has a copy of the image', async () => {
    const listed = await inside('touch /made; ls /; hostname');
    expect(listed.split('\n')).toEqual(
      expect.arrayContaining(['bin', 'dev', 'etc', 'made', 'proc', 'sys']),
    );
    const id = listed.trim().split('\n').at(-1) ?? '';
    expect(existsSync(join(go.containers, id, 'rootfs/made'))).toBe(true);
    expect(existsSync(join(go.images, 'alpine/made'))).toBe(false);
  });

  test('T5 go-container: / is the root of the image, and nothing of the host is below it', async () => {
    expect(await inside('pwd; ls -d /work /var/lib/tiffin 2>/dev/null; ls /../etc/image')).toBe(
      '/\n/../etc/image\n',
    );
  });

  test('T6 go-container: proc, sysfs, /dev, devpts and shm are mounted with their flags', async () => {
    const mounts = (await inside('mount')).split('\n');
    const flagsAt = (place: string) =>
      /\(([^)]*)\)/.exec(mounts.find((line) => line.includes(` on ${place} type `)) ?? '')?.[1];
    expect(flagsAt('/')).toStartWith('rw,relatime');
    expect(flagsAt('/proc')).toBe('rw,nosuid,nodev,noexec,relatime');
    expect(flagsAt('/sys')).toBe('ro,nosuid,nodev,noexec,relatime');
    expect(flagsAt('/dev')).toMatch(/^rw,nosuid,.*mode=755/);
    expect(flagsAt('/dev/pts')).toMatch(/^rw,nosuid,noexec,relatime/);
    expect(flagsAt('/dev/shm')).toMatch(/^rw,nosuid,nodev,/);
  });

  test('T11 go-container: /dev holds the devices of the specification, and none of the host', async () => {
    const names = (await inside('ls /dev')).trim().split('\n');
    expect(names.filter((name) => name !== 'core' && name !== 'mqueue')).toEqual([
      ...['fd', 'full', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout'],
      ...['tty', 'urandom', 'zero'],
    ]);
    const script =
      'echo x > /dev/full; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c';
    const { stdout, stderr } = await go.run('alpine', 'sh', '-c', script);
    expect(stdout).toStartWith('3\n3\n');
    expect(stderr).toContain('No space left on device');
  });

  test('T15 go-container: containers share one image, and each stores what it has changed', async () => {
    const size = (path: string) =>
      must(['du', '-sk', '--apparent-size', path]).then((text) => Number(text.split('\t')[0]));
    await inside('true');
    expect(await go.imagesOf('alpine')).toHaveLength(1);
    await using one = await go.start(
      'alpine',
      '/bin/sh',
      '-c',
      'echo one > /mine; exec sleep 1000',
    );
    await using two = await go.start(
      'alpine',
      '/bin/sh',
      '-c',
      'echo two > /mine; exec sleep 1000',
    );
    for (const [container, word] of [
      [one, 'one'],
      [two, 'two'],
    ] as const) {
      const rootfs = join(go.containers, await container.id(), 'rootfs');
      await until('the file is written', () => existsSync(join(rootfs, 'mine')));
      expect(readFileSync(join(rootfs, 'mine'), 'utf8')).toBe(`${word}\n`);
      expect(await size(`${rootfs}/`)).toBeLessThan(32);
    }
    expect(await size(join(go.images, 'alpine'))).toBeGreaterThan(500);
  });
});

describe('go-container limits', () => {
  test('T12 go-container: its cgroups are go_containers/<id>, and 200 to 400 shares are one to two of the processor', async () => {
    // Both on one processor: with one each there is nothing to share.
    const busy = ['taskset', '1', 'sh', '-c', 'while :; do :; done'];
    await using low = await go.start('-cpu', '200', 'alpine', ...busy);
    await using high = await go.start('-cpu', '400', 'alpine', ...busy);
    const cgroups = readFileSync(`/proc/${await low.pid()}/cgroup`, 'utf8')
      .trim()
      .split('\n');
    // The controllers' own hierarchies, else the unified one.
    const own = cgroups.filter((line) => /:(.*,)?(cpu|memory)(,.*)?:/.test(line));
    const places = (own.length > 0 ? own : cgroups).map((line) => line.split(':')[2]);
    const place = `go_containers/${await low.engineId()}`;
    expect(places.filter((path) => !path?.endsWith(place))).toEqual([]);
    expect(places.length).toBeGreaterThan(0);
    const [low0, high0] = [await cpuTime(low), await cpuTime(high)];
    const used = async () => (await cpuTime(low)) + (await cpuTime(high)) - low0 - high0;
    await until('a second is used', async () => (await used()) > 1_000_000_000, 90_000);
    const ratio = ((await cpuTime(high)) - high0) / ((await cpuTime(low)) - low0);
    expect(ratio).toBeGreaterThan(1.5);
    expect(ratio).toBeLessThan(2.7);
  });

  test('T13 go-container: -mem is a limit that kills', async () => {
    const { status, stderr } = await go.run(
      ...['-mem', '16M', 'alpine', '/bin/sh', '-c', 'yes | tr \\\\n x | grep n'],
    );
    expect({ status, stderr }).toMatchObject({
      status: 137,
      stderr: expect.stringMatching(/Killed\n[0-9]+ exited with status 137\n$/),
    });
    const [last] = (await go.engine.ok('ps', '-aql')).split('\n');
    const shown = await go.engine.ok(
      ...['inspect', '-f', '{{.HostConfig.Memory}} {{.State.OOMKilled}}', last ?? ''],
    );
    expect(shown).toBe('16777216 true');
  });
});

describe('go-container command and network', () => {
  test('T14 go-container: /bin/echo 1 prints 1 and then that the process has exited', async () => {
    const { status, stdout, stderr } = await go.run('alpine', '/bin/echo', '1');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^1\n[0-9]+ exited ok\n$/);
    expect(pidOf(stdout)).not.toBe(process.pid);
  });

  test('T16 go-container: the host talks to a server in a container', async () => {
    await using server = await go.start('alpine', 'nc', '-l', '-p', '4000');
    server.write('hi!\n');
    expect(await talk('10.10.10.2', 4000, 'hello?\n')).toBe('hi!\n');
    await until('the greeting arrived', () => server.said.includes('hello?\n'));
  });

  test('T17 go-container: two containers of one bridge talk to each other', async () => {
    const bridge = ['-bridge-addr', '10.0.10.1/24', '-container-addr'];
    await using server = await go.start(
      ...bridge,
      '10.0.10.2/24',
      'alpine',
      'nc',
      '-l',
      '-p',
      '4000',
    );
    const script = 'until echo yo | nc 10.0.10.2 4000; do sleep 0.05; done 2>/dev/null';
    expect(await inside(script, ...bridge, '10.0.10.3/24')).toBe('');
    await until('the words arrived', () => server.said.includes('yo\n'));
  });

  test('T18 go-container: the environment is clean, with the id in it and a prompt', async () => {
    const script = 'unset PWD OLDPWD SHLVL; env | sort';
    const { stdout } = await go.runWith(
      { env: { SECRET: 'x' } },
      'alpine',
      '/bin/sh',
      '-c',
      script,
    );
    const id = /^HOSTNAME=(.*)$/m.exec(stdout)?.[1] ?? '';
    expect(id).toMatch(ID);
    expect(stdout.replace(/[0-9]+ exited ok\n$/, '').split('\n')).toEqual([
      'HOME=/root',
      `HOSTNAME=${id}`,
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'PS1=$USER@$HOSTNAME$ ',
      'USER=root',
      '',
    ]);
  });
});

interface ContainerStats {
  cpu_stats: { cpu_usage: { total_usage: number } };
}

/** Nanoseconds of the processor that a container has had. */
async function cpuTime(container: { engineId(): Promise<string> }): Promise<number> {
  const path = `/containers/${await container.engineId()}/stats?stream=false&one-shot=true`;
  const answer = await fetch(`http://engine${path}`, { unix: go.engine.socket });
  const statistics: ContainerStats = JSON.parse(await answer.text());
  return statistics.cpu_stats.cpu_usage.total_usage;
}

/** Connects as soon as somebody listens, says its words and returns the first that come back. */
async function talk(host: string, port: number, words: string): Promise<string> {
  let heard = '';
  await until(`${host}:${port} answers`, async () => {
    heard = await new Promise((done) => {
      const socket = connect(port, host, () => socket.write(words));
      socket.on('error', () => done(''));
      socket.once('data', (bytes) => {
        done(bytes.toString());
        socket.end();
      });
    });
    return heard !== '';
  });
  return heard;
}
