/** Options and errors as callers of runc and crun know them. */

import { describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, binary, run, waitForEnd } from './harness.ts';

function running(script = 'exec sleep 1000'): Bundle {
  const box = new Bundle();
  box.write(script);
  expect(box.run('-d')).toMatchObject({ status: 0, stderr: '' });
  return box;
}

describe('oci options', () => {
  test('oci --help of every verb lists its flags and does nothing else', () => {
    using box = running();
    const { stdout } = box.oci('delete', box.id, '--help');
    expect(stdout).toContain('-f, --force');
    expect(box.state().status).toBe('running');
    expect(box.oci('exec', '-h').stdout).toContain('--ignore-paused');
    expect(box.oci('update', '--help').stdout).toContain('--cpu-burst VALUE');
  });

  test('oci takes flags as Go has them and as crun has them', () => {
    using box = new Bundle();
    box.write('sleep 1000');
    expect(box.oci('create', `-b${box.bundle}`, box.id)).toMatchObject({ status: 0, stderr: '' });
    expect(box.oci('start', box.id).status).toBe(0);
    expect(box.oci('exec', '-u0', '-eA=b', box.id, 'sh', '-c', 'echo $A').stdout).toBe('b\n');
    expect(box.oci('exec', '--detach=maybe', box.id, 'true')).toMatchObject({ status: 255 });
    expect(box.oci('delete', '--force=false', box.id).stderr).toContain('not stopped');
    expect(box.oci('delete', '-force=T', box.id)).toMatchObject({ status: 0, stderr: '' });
  });

  test('oci run --config takes another file of the bundle', () => {
    using box = new Bundle();
    box.write('echo other');
    renameSync(join(box.bundle, 'config.json'), join(box.bundle, 'other.json'));
    expect(box.run('--config', 'other.json').stdout).toBe('other\n');
    expect(box.run().stderr).toContain('config.json not found');
  });

  test('oci spec --file writes to another name', () => {
    using box = new Bundle();
    expect(box.oci('spec', '-b', box.bundle, '-f', 'mine.json').status).toBe(0);
    expect(JSON.parse(readFileSync(join(box.bundle, 'mine.json'), 'utf8')).root.path).toBe(
      'rootfs',
    );
    expect(box.oci('spec', '-b', box.bundle, '-f', 'mine.json').stderr).toContain('exists');
  });

  test('oci --cgroup-manager disabled makes no cgroup', () => {
    using box = new Bundle();
    box.write('cat /proc/self/cgroup', (config) => {
      config.linux.resources = undefined;
      config.linux.namespaces = config.linux.namespaces.filter(
        ({ type }: { type: string }) => type !== 'cgroup',
      );
      config.mounts = config.mounts.filter(({ type }: { type: string }) => type !== 'cgroup');
    });
    const { status, stdout } = box.oci(
      '--cgroup-manager=disabled',
      'run',
      '-b',
      box.bundle,
      box.id,
    );
    expect(status).toBe(0);
    expect(stdout).not.toContain(box.id);
    expect(box.oci('--cgroup-manager=no', 'list').stderr).toContain('invalid value "no"');
  });

  test('oci --debug logs the steps of the plan', () => {
    using box = new Bundle();
    box.write('true');
    const log = join(box.directory, 'log');
    const flags = ['--debug', '--log', log, '--log-format', 'json'];
    expect(box.oci(...flags, 'run', '-b', box.bundle, box.id)).toMatchObject({
      status: 0,
      stderr: '',
    });
    const records = readFileSync(log, 'utf8').trim().split('\n').map(parse);
    expect(records.every(({ level }) => level === 'debug')).toBe(true);
    expect(records.some(({ msg }) => msg.includes('pivot'))).toBe(true);
  });

  test('oci --pidfd-socket gets a descriptor of the process, of create and of exec', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    const socket = join(box.directory, 'pidfd.sock');
    const created = withListener(socket, [
      ...[binary, 'oci', '--root', box.root, 'create', '-b', box.bundle],
      ...['--pidfd-socket', socket, box.id],
    ]);
    expect(created).toEqual({ label: 'standard', pid: box.state().pid });
    box.oci('start', box.id);
    const pidFile = join(box.directory, 'pid');
    const executed = withListener(socket, [
      ...[binary, 'oci', '--root', box.root, 'exec', '-d', '--pid-file', pidFile],
      ...['--pidfd-socket', socket, box.id, 'sleep', '1000'],
    ]);
    expect(executed).toEqual({ label: 'setns', pid: Number(readFileSync(pidFile, 'utf8')) });
    expect(box.oci('exec', '--pidfd-socket', '/no/socket', box.id, 'true').status).toBe(255);
  });
});

/** What comes over the socket when the command runs: the label, and the pid that the descriptor shows. */
function withListener(socket: string, argv: string[]): unknown {
  const script = `
import array, json, os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1]); s.listen(1); s.settimeout(10)
c = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
p, _ = s.accept()
data, fds, _, _ = socket.recv_fds(p, 64, 4)
info = open('/proc/self/fdinfo/%d' % fds[0]).read()
pid = [int(l.split()[1]) for l in info.splitlines() if l.startswith('Pid:')][0]
c.wait(); os.unlink(sys.argv[1])
print(json.dumps({'label': data.decode(), 'pid': pid}))
`;
  const { stdout, stderr } = run(['python3', '-c', script, socket, ...argv]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

function parse(line: string): { level: string; msg: string; time: string } {
  return JSON.parse(line);
}

describe('oci errors', () => {
  test('oci --log FILE --log-format json tells errors as records, beside standard error', () => {
    using box = new Bundle();
    const log = join(box.directory, 'log');
    const { status, stderr } = box.oci('--log', log, '--log-format=json', 'state', 'nobody');
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('container does not exist'),
    });
    const record = parse(readFileSync(log, 'utf8'));
    expect(record).toEqual({
      level: 'error',
      msg: 'container does not exist: nobody',
      time: expect.any(String),
    });
    expect(Number.isNaN(Date.parse(record.time))).toBe(false);
    expect(parse(box.oci('--log-format', 'json', 'state', 'nobody').stderr).level).toBe('error');
    const text = join(box.directory, 'text');
    box.oci('--log', text, 'state', 'nobody');
    expect(readFileSync(text, 'utf8')).toMatch(/^time="[^"]+" level=error msg="container does/);
  });

  const wrong: [name: string, argv: string[], status: number, says: string][] = [
    ['an unknown verb', ['frobnicate'], 3, 'no such command: frobnicate'],
    ['an unknown option', ['state', '--frob', 'x'], 1, 'flag provided but not defined: -frob'],
    ['an unknown global option', ['--frob', 'list'], 1, 'flag provided but not defined: -frob'],
    ['no id', ['state'], 1, 'container id cannot be empty'],
    ['two ids', ['state', 'a', 'b'], 1, 'expected one container id'],
    ['an id with a slash', ['state', 'a/../b'], 1, 'invalid container ID format'],
    ['an id of dots', ['delete', '--force', '..'], 1, 'invalid container ID format'],
    ['an id of 1025 bytes', ['state', 'a'.repeat(1025)], 1, 'invalid container ID format'],
    ['a missing container', ['kill', 'nobody', '9'], 1, 'container does not exist'],
    ['exec in a missing container', ['exec', 'nobody', 'true'], 255, 'container does not exist'],
    ['exec without a command', ['exec', 'nobody'], 255, 'process args cannot be empty'],
    ['a missing bundle', ['create', '-b', '/no/bundle', 'x'], 1, '/no/bundle/config.json not'],
    ['a wrong format', ['list', '-f', 'xml'], 1, 'invalid format option'],
    ['a wrong log format', ['--log-format', 'xml', 'list'], 1, 'invalid log-format: xml'],
    ['a wrong size', ['update', '--memory', '1x', 'y'], 1, "invalid size: '1x'"],
    ['a wrong number', ['update', '--cpu-quota', '1m', 'y'], 1, 'invalid value for cpu-quota'],
    ['an interval of nothing', ['events', '--interval', '0', 'x'], 1, 'must be greater than 0'],
    ['an interval of no unit', ['events', '--interval', '5', 'x'], 1, 'give a duration'],
    ['the root directory', ['--root', '/', 'list'], 1, 'should not be set to /'],
    ['no value', ['create', '--bundle'], 1, 'flag needs an argument: -bundle'],
    ['a wrong pattern', ['kill', '--regex', '(', '9'], 1, 'invalid regular expression'],
  ];
  for (const [name, argv, status, says] of wrong) {
    test(`oci refuses ${name}`, () => {
      using box = new Bundle();
      const result = box.oci(...argv);
      expect(result.stderr).toContain(says);
      expect(result.status).toBe(status);
      expect(result.stderr).not.toContain('    at ');
      expect(box.left()).toEqual([]);
    });
  }

  test('oci refuses what the state of a container forbids, and changes nothing', () => {
    using box = running();
    const { pid } = box.state();
    const says = (text: string, ...argv: string[]) => {
      const result = box.oci(...argv);
      expect(result.stderr).toContain(text);
      expect(result.status).toBe(argv[0] === 'exec' ? 255 : 1);
    };
    says('already exists', 'create', '-b', box.bundle, box.id);
    says('cannot start an already running container', 'start', box.id);
    says('not stopped: running', 'delete', box.id);
    says('container not paused', 'resume', box.id);
    says('invalid signal: FOO', 'kill', box.id, 'FOO');
    says('not an absolute path', 'exec', '--cwd', 'here', box.id, 'true');
    says('is not NAME=value', 'exec', '-e', 'A', box.id, 'true');
    says('unable to preserve descriptor 3', 'exec', '--preserve-fds', '2', box.id, 'true');
    says('no such file or directory', 'exec', '--process', '/no/file', box.id);
    says('no such file or directory', 'update', '--resources', '/no/file', box.id);
    says('Intel RDT', 'update', '--l3-cache-schema', 'L3:0=f', box.id);
    expect(box.state()).toMatchObject({ status: 'running', pid });
    expect(box.oci('kill', box.id, '0').status).toBe(0);

    box.oci('kill', box.id, 'KILL');
    waitForEnd(pid);
    says('container not running', 'kill', box.id, 'TERM');
    says('container not running', 'pause', box.id);
    says('container not running', 'update', '--pids-limit', '10', box.id);
    says('cannot start a container that has stopped', 'start', box.id);
    says('cannot exec in a stopped container', 'exec', box.id, 'true');
    says('is not running', 'events', '--stats', box.id);
    says('container not paused', 'resume', box.id);
    expect(box.oci('kill', '--all', box.id, 'TERM').status).toBe(0);
    expect(box.state().status).toBe('stopped');
  });

  for (const [name, text] of [
    ['cut short', '{"id":"a","bun'],
    ['empty', ''],
    ['of another shape', '{"id":1}'],
  ]) {
    test(`oci tells of a state file that is ${name}, and delete --force ends the container`, () => {
      using box = running();
      const { pid } = box.state();
      const group = run(['cat', `/proc/${pid}/cgroup`]).stdout;
      writeFileSync(join(box.root, box.id, 'state.json'), text ?? '');
      for (const argv of [
        ['state', box.id],
        ['kill', box.id, '9'],
        ['delete', box.id],
      ]) {
        const result = box.oci(...argv);
        expect(result).toMatchObject({ status: 1 });
        expect(result.stderr).toContain(`container ${box.id}: state.json is not`);
        expect(result.stderr).not.toContain('    at ');
      }
      expect(box.oci('list', '-q')).toMatchObject({ status: 0, stdout: '' });
      const removed = box.oci('delete', '--force', box.id);
      expect(removed).toMatchObject({ status: 0 });
      expect(removed.stderr).toContain('its cgroup may be left');
      waitForEnd(pid);
      expect(run(['kill', '-0', String(pid)]).status).toBe(1);
      expect(box.oci('state', box.id).stderr).toContain('does not exist');
      removeGroups(group, box.id);
      expect(box.left()).toEqual([]);
    });
  }
});

/** What delete could not know of. */
function removeGroups(text: string, id: string): void {
  for (const directory of run(['find', '/sys/fs/cgroup', '-type', 'd', '-name', id])
    .stdout.trim()
    .split('\n')) {
    if (text.includes(id) && directory !== '') rmdirSync(directory);
  }
}

describe('oci kill and delete', () => {
  test('oci kill and delete --regex take all containers that match', () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    const ids = ['one', 'two', 'three'].map((name) => `${box.id}-${name}`);
    for (const id of ids) box.oci('run', '-d', '-b', box.bundle, id);
    const pid = JSON.parse(box.oci('state', ids[0] ?? '').stdout).pid;
    expect(box.oci('kill', '--regex', '(one|two)$', 'KILL').status).toBe(0);
    waitForEnd(pid);
    expect(JSON.parse(box.oci('state', ids[2] ?? '').stdout).status).toBe('running');
    expect(box.oci('delete', '--force', '-r', `^${box.id}-t`).status).toBe(0);
    expect(box.oci('list', '-q').stdout).toBe(`${ids[0]}\n`);
    expect(box.oci('delete', '-rf', `^${box.id}`).status).toBe(0);
    expect(box.left()).toEqual([]);
  });

  test('oci kill KILL ends every process of a container without a pid namespace of its own', () => {
    using box = new Bundle();
    box.write('sleep 1000 & echo $! > /data/child; exec sleep 1000', (config) => {
      config.root.readonly = false;
      config.linux.namespaces = config.linux.namespaces.filter(
        ({ type }: { type: string }) => type !== 'pid',
      );
    });
    box.run('-d');
    const { pid } = box.state();
    // The program writes it before it becomes sleep.
    run(['sh', '-c', `until grep -q sleep /proc/${pid}/cmdline; do :; done`]);
    const child = Number(readFileSync(join(box.rootfs, 'data/child'), 'utf8'));
    expect(box.oci('kill', box.id, 'KILL').status).toBe(0);
    waitForEnd(pid);
    waitForEnd(child);
    expect(run(['kill', '-0', String(child)]).status).toBe(1);
  });
});

describe('oci exec beyond the program', () => {
  test('oci exec --cgroup joins a cgroup below the container’s', () => {
    using box = running();
    const { pid } = box.state();
    const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    const [name, parent] = own.includes(':pids:')
      ? ['pids:', '/sys/fs/cgroup/pids']
      : ['', '/sys/fs/cgroup'];
    const line = own.split('\n').find((text) => text.includes(name === '' ? '0::' : ':pids:'));
    const directory = join(parent, line?.split(':')[2] ?? '', 'sub');
    mkdirSync(directory);
    const read = ['cat', '/proc/self/cgroup'];
    expect(box.oci('exec', '--cgroup', `${name}sub`, box.id, ...read).stdout).toContain('/sub\n');
    const refused = (path: string) => box.oci('exec', '--cgroup', path, box.id, ...read).stderr;
    expect(refused(`${name}nope`)).toContain('no such file or directory');
    expect(refused(`${name}../..`)).toContain("leads out of the container's cgroup");
    expect(refused('frob:sub')).toContain('the container has no cgroup of frob');
    rmdirSync(directory);
  });

  test('oci exec --cap adds a capability, and -g groups to those of the configuration', () => {
    using box = new Bundle();
    box.write('exec sleep 1000', (config) => {
      config.process.user.additionalGids = [5];
    });
    box.run('-d');
    const effective = (...flags: string[]) =>
      box.oci('exec', ...flags, box.id, 'grep', 'CapEff', '/proc/self/status').stdout;
    expect(effective()).toBe('CapEff:\t0000000020000420\n');
    expect(effective('--cap', 'CAP_CHOWN')).toBe('CapEff:\t0000000020000421\n');
    expect(box.oci('exec', '--cap', 'CAP_FROB', box.id, 'true')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('ignoring unknown capabilities: CAP_FROB'),
    });
    expect(box.oci('exec', '-g', '7', '-g', '9', box.id, 'id', '-G').stdout).toBe('0 5 7 9\n');
  });

  test('oci exec --ignore-paused waits in a paused container and runs once it is resumed', async () => {
    using box = running();
    box.oci('pause', box.id);
    expect(box.oci('exec', box.id, 'true')).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('cannot exec in a paused container (use --ignore-paused'),
    });
    const child = Bun.spawn(
      [binary, 'oci', '--root', box.root, 'exec', '--ignore-paused', box.id, 'echo', 'late'],
      { stdin: 'ignore', stdout: 'pipe' },
    );
    expect(box.oci('resume', box.id).status).toBe(0);
    expect(await new Response(child.stdout).text()).toBe('late\n');
    expect(await child.exited).toBe(0);
  });
});
