/** Debian's dockerd with Tiffin added as a runtime, once as it comes and once with its user namespace. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Machine, starter } from './machine.ts';

for (const remap of [false, true]) {
  describe(remap ? 'dockerd with userns-remap' : 'dockerd', () => {
    let machine: Machine;
    const docker = (...args: string[]) =>
      machine.run(['docker', '-H', `unix://${machine.work}/docker.sock`, ...args]);
    const run = (...args: string[]) =>
      docker('run', '--runtime', 'tiffin', '--network', 'none', ...args);

    beforeAll(async () => {
      machine = await Machine.start();
      for (const name of ['subuid', 'subgid']) {
        const path = machine.file(name, 'nobody:200000:65536\nnogroup:200000:65536\n');
        expect(machine.run(['mount', '--bind', path, `/etc/${name}`]).status).toBe(0);
      }
      await machine.daemon(
        [
          'dockerd',
          ...['--host', `unix://${machine.work}/docker.sock`],
          ...['--data-root', `${machine.work}/data`, '--exec-root', `${machine.work}/exec`],
          ...['--pidfile', `${machine.work}/docker.pid`, '--cgroup-parent', `/${machine.name}`],
          ...['--add-runtime', `tiffin=${machine.runtime}`, '--bridge', 'none'],
          ...['--iptables=false', '--ip6tables=false', '--ip-forward=false'],
          ...(remap ? ['--userns-remap', 'nobody:nogroup'] : []),
        ],
        ['docker', '-H', `unix://${machine.work}/docker.sock`, 'info'],
      );
      expect(docker('load', '-i', starter)).toMatchObject({ status: 0 });
    });
    afterAll(() => machine[Symbol.dispose]());

    test('docker run: output, status, environment and working directory', () => {
      const script = 'echo $A; pwd; exit 9';
      expect(run('--rm', '-e', 'A=b', '-w', '/tmp', 'starter', 'sh', '-c', script)).toMatchObject({
        status: 9,
        out: 'b\n/tmp\n',
      });
    });

    test('docker run of a missing program ends with 127, of one that cannot be run with 126', () => {
      expect(run('--rm', 'starter', '/no/such').status).toBe(127);
      expect(run('--rm', 'starter', '/etc/passwd').status).toBe(126);
    });

    test('docker run: ids of the container are those of its user namespace', () => {
      const { out } = run('--rm', 'starter', 'cat', '/proc/self/uid_map');
      expect(out.trim().split(/\s+/)).toEqual(
        remap ? ['0', '200000', '65536'] : ['0', '0', '4294967295'],
      );
    });

    test('docker run -it: the program has a terminal', () => {
      const command = `docker -H unix://${machine.work}/docker.sock run --rm -it --runtime tiffin --network none starter tty`;
      expect(machine.run(['script', '-qec', command, '/dev/null']).out).toContain('/dev/pts/0');
    });

    test('docker exec, pause, unpause, stats, top, update, kill and rm on a running container', () => {
      expect(run('-d', '--name', 'two', '-m', '64m', 'starter', 'sleep', '1000').status).toBe(0);
      expect(docker('exec', 'two', 'sh', '-c', 'echo inside; exit 4')).toMatchObject({
        status: 4,
        out: 'inside\n',
      });
      expect(docker('exec', '-u', '5:6', 'two', 'id', '-u').out).toBe('5\n');

      expect(docker('pause', 'two').status).toBe(0);
      expect(docker('inspect', '-f', '{{.State.Status}}', 'two').out).toBe('paused\n');
      expect(docker('exec', 'two', 'true').err).toContain('paused');
      expect(docker('unpause', 'two').status).toBe(0);

      expect(docker('stats', '--no-stream', '--format', '{{.MemUsage}}', 'two').out).toContain(
        '/ 64MiB',
      );
      expect(docker('top', 'two').out).toContain('sleep 1000');
      expect(docker('update', '--pids-limit', '77', 'two').status).toBe(0);
      const group = machine.run([
        'cat',
        `/sys/fs/cgroup/pids/${machine.name}/${docker('inspect', '-f', '{{.Id}}', 'two').out.trim()}/pids.max`,
      ]);
      expect(group.out).toBe('77\n');

      expect(docker('kill', 'two').status).toBe(0);
      expect(docker('wait', 'two').out).toBe('137\n');
      expect(docker('rm', 'two').status).toBe(0);
    });

    test('docker start runs a stopped container again', () => {
      expect(run('--name', 'again', 'starter', 'echo', 'once').out).toBe('once\n');
      expect(docker('start', '-a', 'again').out).toBe('once\n');
      expect(docker('rm', 'again').status).toBe(0);
    });
  });
}
