/** go-container's command line: its flags, its folder of images, its bridge, and what stays when something goes wrong. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { hostState, leftBehind, must, run, tiffinBinary, until } from '../integration/harness.ts';
import { GoContainers, ID, makeRoot } from './go-container-harness.ts';

const USAGE = `Usage: tiffin go-container [OPTIONS] <image name> <command>
  -bridge-addr string
    	CIDR bridge address; replaces current if present (default "10.10.10.1/24")
  -c string
    	directory to store containers (default "containers")
  -container-addr string
    	CIDR container veth address (default "10.10.10.2/24")
  -cpu int
    	cpu shares (relative weight)
  -i string
    	directory to find container images (default "images")
  -mem string
    	memory limit in bytes; suffixes can be used
  -userns string
    	user namespace: host, or private for one of its own
`;

/** Python's zipfile, with modes. */
const ZIP = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)
def add(name, content, mode):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr, info.compress_type = 3, mode << 16, zipfile.ZIP_DEFLATED
    z.writestr(info, content)
`;

let before: string[];
let go: GoContainers;

beforeAll(async () => {
  before = await hostState();
  go = await GoContainers.open();
});

afterAll(async () => {
  await go[Symbol.asyncDispose]();
});

async function bridgeAddresses(): Promise<string[]> {
  const { stdout } = await run(['ip', '-o', '-4', 'addr', 'show', 'dev', 'goContainers0']);
  return [...stdout.matchAll(/inet ([0-9./]+) /g)].map(([, address = '']) => address);
}

describe('go-container flags', () => {
  test('go-container without an image or a command prints its usage and ends with 1', async () => {
    for (const words of [[], ['alpine'], ['-cpu', '5'], ['-i=x', 'alpine']]) {
      expect(await go.engine.tiffin(['go-container', ...words])).toEqual({
        status: 1,
        stdout: USAGE,
        stderr: '',
      });
    }
  });

  test('go-container -h, -help and --help print the usage', async () => {
    for (const word of ['-h', '-help', '--help']) {
      const result = await go.engine.tiffin(['go-container', word, 'alpine']);
      expect(result).toEqual({ status: 0, stdout: USAGE, stderr: '' });
    }
    expect(await go.engine.ok('help', 'go-container')).toContain('--bridge-addr string');
    expect(await go.engine.ok('__complete', 'go-container', '')).toBeDefined();
  });

  test('go-container refuses wrong flags in the words of the flag package, with 2', async () => {
    const wrong: [string, string[]][] = [
      ['flag provided but not defined: -x', ['-x', 'alpine', 'sh']],
      ['flag provided but not defined: -d', ['--d', 'alpine', 'sh']],
      ['bad flag syntax: ---c', ['---c', 'alpine', 'sh']],
      ['bad flag syntax: -=5', ['-=5', 'alpine', 'sh']],
      ['flag needs an argument: -mem', ['-mem']],
      ['invalid value "abc" for flag -cpu', ['-cpu', 'abc', 'alpine', 'sh']],
      ['invalid value "-5" for flag -cpu', ['-cpu=-5', 'alpine', 'sh']],
      ['invalid value "262145" for flag -cpu', ['-cpu=262145', 'alpine', 'sh']],
      ['invalid value "1x" for flag -mem', ['-mem', '1x', 'alpine', 'sh']],
      ['invalid value "0" for flag -mem', ['-mem', '0', 'alpine', 'sh']],
      ['invalid value "999999999999999t" for flag', ['-mem=999999999999999t', 'alpine', 'sh']],
      ['invalid value "10.10.10.1" for flag -bridge-addr', ['-bridge-addr=10.10.10.1', 'a', 'sh']],
      ['invalid value "10.10.10.0/24" for', ['-bridge-addr=10.10.10.0/24', 'a', 'sh']],
      ['invalid value "10.10.10.255/24" for', ['-bridge-addr=10.10.10.255/24', 'a', 'sh']],
      ['invalid value "10.9.9.9/24" for', ['-container-addr', '10.9.9.9/24', 'a', 'sh']],
      ['invalid value "10.10.10.3/16" for', ['-container-addr', '10.10.10.3/16', 'a', 'sh']],
    ];
    for (const [message, words] of wrong) {
      const { status, stdout, stderr } = await go.engine.tiffin(['go-container', ...words]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toStartWith(message);
      expect(stderr).toEndWith(USAGE);
    }
  });

  test('go-container takes -x v, -x=v, --x v, --x=v and --, and leaves the flags of the command alone', async () => {
    const { images, containers } = go;
    const forms = [
      ['-i', images, '-c', containers],
      [`-i=${images}`, `--c=${containers}`],
      ['--i', '/nowhere', '--i', images, '-c', containers, '--'],
    ];
    for (const form of forms) {
      const words = ['go-container', ...form, 'alpine', 'echo', '-cpu', '--', '-h'];
      const { status, stdout } = await go.engine.tiffin(words);
      expect({ status, said: stdout.split('\n')[0] }).toEqual({ status: 0, said: '-cpu -- -h' });
    }
  });

  test('go-container -mem and -cpu set the limits, suffixes as the kernel has them', async () => {
    const limits = ['-mem', '500M', '-cpu=300'];
    expect((await go.run(...limits, 'alpine', 'true')).status).toBe(0);
    const last = await go.engine.ok('ps', '-aql');
    const format = '{{.HostConfig.Memory}} {{.HostConfig.CpuShares}}';
    expect(await go.engine.ok('inspect', '-f', format, last)).toBe('524288000 300');
  });

  test('go-container must be run as root', async () => {
    const words = ['setpriv', '--reuid=1000', '--clear-groups', tiffinBinary, 'go-container'];
    expect(await run([...words, 'alpine', 'sh'])).toMatchObject({
      status: 1,
      stderr: 'go-container must be run as root\n',
    });
  });
});

describe('go-container images', () => {
  test('go-container takes a directory before archives, and the only archive of a name', async () => {
    expect((await go.run('packed', 'cat', '/etc/image')).stdout).toStartWith('one\n');
    writeFileSync(join(go.images, 'alpine.zip'), 'not looked at');
    expect((await go.run('alpine', 'cat', '/etc/image')).stdout).toStartWith('one\n');
    expect(readdirSync(go.images).sort()).toEqual(['alpine', 'alpine.zip', 'packed.tar.gz']);
    rmSync(join(go.images, 'alpine.zip'));
  });

  test('go-container reads zip files with their modes and links, and refuses names that lead out', async () => {
    const zip = (name: string, script: string) =>
      must(['python3', '-c', `${ZIP}${script}\nz.close()`, join(go.images, name)]);
    await zip(
      'zipped.zip',
      `add('bin/busybox', open('/bin/busybox', 'rb').read(), 0o104755)
add('bin/sh', 'busybox', 0o120777)
add('private/', '', 0o040700)
z.writestr('plain', 'x')`,
    );
    const script =
      'busybox ls -ld /private /plain /bin/busybox | busybox cut -c1-10; busybox readlink /bin/sh';
    const { stdout, stderr } = await go.run('zipped', 'sh', '-c', script);
    expect({ rows: stdout.split('\n').slice(0, 4), stderr }).toEqual({
      rows: ['-rwsr-xr-x', '-rw-------', 'drwx------', 'busybox'],
      stderr: '',
    });
    for (const name of ['../out', '/out', 'a/../../out']) {
      await zip('evil.zip', `add('${name}', 'x', 0o100644)`);
      expect(await go.run('evil', 'sh')).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/evil\.zip: (invalid relative|absolute) path/),
      });
    }
    for (const name of ['zipped.zip', 'evil.zip']) rmSync(join(go.images, name));
  });

  test('go-container tells images that are not there, ambiguous or of an unknown format', async () => {
    const images = mkdtempSync(join(tmpdir(), 'tiffin-go-images-'));
    const refused = async (name: string) => {
      const { status, stdout, stderr } = await go.run('-i', images, name, 'sh');
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      return stderr;
    };
    for (const name of ['none', '', '.', '..', '/', `../${images.split('/').at(-1)}`]) {
      expect(await refused(name)).toBe(`Unable to locate image ${name}\n`);
    }
    writeFileSync(join(images, 'two.tar'), '');
    writeFileSync(join(images, 'two.tar.gz'), '');
    expect(await refused('two')).toBe('Ambiguous image two; multiple images match\n');
    for (const content of [Buffer.from('no archive'), gzipSync('no archive'), '']) {
      writeFileSync(join(images, 'odd.tar.gz'), content);
      expect(await refused('odd')).toStartWith('Unknown archive format for image odd\n');
    }
    const tar = readFileSync(join(go.images, 'packed.tar.gz'));
    for (const content of [tar.subarray(0, 9000), Buffer.from('BZh91AY&SY')]) {
      writeFileSync(join(images, 'cut.tgz'), content);
      expect(await refused('cut')).toStartWith('Error extracting image cut: ');
    }
    mkdirSync(join(images, 'folder.d'));
    expect(await refused('folder')).toBe('Unknown archive format for image folder\n');
    expect((await go.run('-i', join(images, 'no'), 'x', 'sh')).stderr).toContain(
      'Unable to locate',
    );
    rmSync(images, { recursive: true });
  });

  test('go-container reads archives packed in other ways', async () => {
    const tar = join(go.images, 'tarred.tar');
    await must(['tar', '-C', join(go.images, 'alpine'), '-cf', tar, '.']);
    await must([
      'sh',
      '-c',
      'xz -0c "$1" > "$2/xz.txz"; bzip2 -1c "$1" > "$2/bz.tar.bz2"; zstd -qc "$1" > "$2/zst.tar.zst"',
      '-',
      tar,
      go.images,
    ]);
    for (const name of ['tarred', 'xz', 'bz', 'zst']) {
      expect((await go.run(name, 'cat', '/etc/image')).stdout).toStartWith('one\n');
    }
    for (const name of ['tarred.tar', 'xz.txz', 'bz.tar.bz2', 'zst.tar.zst']) {
      rmSync(join(go.images, name));
    }
  });

  test('go-container sees a changed image, and keeps one of each', async () => {
    const images = mkdtempSync(join(tmpdir(), 'tiffin-go-images-'));
    await makeRoot(join(images, 'My Root'));
    const say = () => go.run('-i', images, 'My Root', 'cat', '/etc/image');
    expect((await say()).stdout).toStartWith('one\n');
    const first = await go.imagesOf('my-root');
    expect(first).toHaveLength(1);
    await say();
    expect(await go.imagesOf('my-root')).toEqual(first);
    for (const id of (await go.engine.ok('ps', '-aq')).split('\n')) await go.engine.ok('rm', id);
    writeFileSync(join(images, 'My Root/etc/image'), 'two\n');
    expect((await say()).stdout).toStartWith('two\n');
    const second = await go.imagesOf('my-root');
    expect(second).toHaveLength(1);
    expect(second).not.toEqual(first);
    rmSync(images, { recursive: true });
  });
});

describe('go-container command', () => {
  test('go-container ends with the status of its program, and tells it', async () => {
    const { status, stdout, stderr } = await go.run('alpine', '/bin/sh', '-c', 'exit 3');
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toMatch(/^[0-9]+ exited with status 3\n$/);
  });

  test('go-container looks a command up in PATH, and leaves nothing of one that is not there', async () => {
    expect((await go.run('alpine', 'echo', 'found')).stdout).toStartWith('found\n');
    const known = readdirSync(go.containers).length;
    const count = async () => (await go.engine.ok('ps', '-aq')).split('\n').length;
    const containers = await count();
    expect(await go.run('alpine', 'nonesuch')).toMatchObject({
      status: 127,
      stderr: expect.stringContaining('exec: "nonesuch": executable file not found in $PATH'),
    });
    expect((await go.run('alpine', '/etc/image')).status).toBe(126);
    expect(readdirSync(go.containers)).toHaveLength(known);
    expect(await count()).toBe(containers);
  });

  test('go-container tells of a directory for containers that it cannot use, and leaves no container', async () => {
    const count = async () => (await go.engine.ok('ps', '-aq')).split('\n').length;
    const containers = await count();
    const file = join(go.directory, 'file');
    writeFileSync(file, '');
    for (const place of [file, join(file, 'below'), '/proc/none']) {
      expect(await go.run('-c', place, 'alpine', 'true')).toMatchObject({
        status: 1,
        stdout: '',
        stderr: expect.stringContaining(`cannot keep a container in ${place}: `),
      });
    }
    expect(await count()).toBe(containers);
  });

  test('go-container hands its standard input on', async () => {
    const { status, stdout } = await go.runWith({ input: 'a\nb\n' }, 'alpine', 'wc', '-l');
    expect({ status, said: stdout.split('\n')[0] }).toEqual({ status: 0, said: '2' });
  });

  test('go-container at a terminal gives one to its program, with its prompt', async () => {
    const words = [tiffinBinary, '-H', `unix://${go.engine.socket}`, 'go-container'];
    const line = [...words, ...go.places(), 'alpine', '/bin/sh'].join(' ');
    const input = 'tty; ls /dev/console; exit\n';
    const { stdout } = await run(['script', '-qec', line, '/dev/null'], { input });
    expect(stdout).toMatch(/root@[0-9a-f-]{36}\$ /);
    expect(stdout).toContain('/dev/console');
    expect(stdout).toMatch(/[0-9]+ exited ok/);
  });

  test('go-container -c holds a container until the engine forgets it', async () => {
    const containers = join(go.directory, 'elsewhere');
    await go.run('-c', containers, 'alpine', 'touch', '/made');
    const [id = ''] = readdirSync(containers);
    expect(id).toMatch(ID);
    expect(existsSync(join(containers, id, 'rootfs/made'))).toBe(true);
    expect(readlinkSync(join(containers, id, 'rootfs'))).toStartWith(go.engine.dataRoot);
    expect(await go.engine.ok('diff', id)).toContain('A /made');
    mkdirSync(join(containers, 'mine'));
    await go.engine.ok('rm', id);
    await go.run('-c', containers, 'alpine', 'true');
    const left = readdirSync(containers);
    expect(left).toHaveLength(2);
    expect(left).toContain('mine');
    expect(left).not.toContain(id);
  });

  test('go-container killed with SIGKILL leaves its container running, for the engine to stop', async () => {
    const running = await go.start('alpine', 'sleep', '1000');
    running.child.kill('SIGKILL');
    await running.ended();
    const id = await running.id();
    expect(await go.engine.ok('inspect', '-f', '{{.State.Running}}', id)).toBe('true');
    await go.engine.ok('rm', '-f', id);
  });

  test('go-container tells how to come back to a container whose engine was killed', async () => {
    const running = await go.start('alpine', 'sh', '-c', 'read line; echo $line; sleep 1000');
    await go.engine.kill();
    expect(await running.ended()).toBe(125);
    const short = /come back with: tiffin attach ([0-9a-f]{12})\n/.exec(running.said)?.[1] ?? '';
    await go.engine.serve();
    expect(await go.engine.ok('inspect', '-f', '{{.Name}} {{.State.Running}}', short)).toBe(
      `/${await running.id()} true`,
    );
    await go.engine.ok('rm', '-f', short);
  });

  test('go-container ends its program when nobody takes the output any more', async () => {
    const line = [tiffinBinary, '-H', `unix://${go.engine.socket}`, 'go-container', ...go.places()];
    const words = `${line.join(' ')} alpine yes`;
    expect((await run(['sh', '-c', `${words} | head -n 1`])).stdout).toBe('y\n');
    await until('nothing runs', async () => (await go.engine.ok('ps', '-q')) === '');
    const full = await run(['sh', '-c', `${words} > /dev/full`]);
    expect(full).toMatchObject({ status: 1, stderr: expect.stringContaining('no space left') });
    await until('nothing runs', async () => (await go.engine.ok('ps', '-q')) === '');
  });

  test('go-container hands signals to its program', async () => {
    const running = await go.start(
      'alpine',
      'sh',
      '-c',
      'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done',
    );
    await until('the trap is set', () => running.said.includes('up'));
    running.child.kill('SIGTERM');
    expect(await running.ended()).toBe(7);
  });
});

describe('go-container bridge', () => {
  test('go-container gives the default address to one and another to the next, and refuses one that is asked for twice', async () => {
    const address = 'ip -o -4 addr show dev eth0';
    await using first = await go.start('alpine', 'sh', '-c', `${address}; exec sleep 1000`);
    await until('it has told', () => first.said.includes('inet 10.10.10.2/24'));
    const second = await go.run('alpine', 'sh', '-c', address);
    expect(second.stdout).toMatch(/inet 10\.10\.10\.([3-9]|[0-9]{2,})\/24/);
    const asked = await go.run('-container-addr', '10.10.10.2/24', 'alpine', 'true');
    expect(asked.status).toBe(125);
    expect(asked.stderr).toContain('Address already in use: 10.10.10.2');
  });

  test('go-container -bridge-addr replaces the address of the bridge, and not under containers that use it', async () => {
    expect((await go.run('alpine', 'true')).status).toBe(0);
    expect(await bridgeAddresses()).toEqual(['10.10.10.1/24']);
    await using user = await go.start('alpine', 'sleep', '1000');
    const other = ['-bridge-addr', '10.0.10.1/24', 'alpine', 'ip', 'route'];
    const refused = await go.run(...other);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`${await user.id()} 10.10.10.2/24`);
    expect(await bridgeAddresses()).toEqual(['10.10.10.1/24']);
    await go.engine.ok('rm', '-f', await user.id());
    expect((await go.run(...other)).stdout).toContain('10.0.10.0/24');
    expect(await bridgeAddresses()).toEqual(['10.0.10.1/24']);
  });

  test('go-container makes a bridge again that somebody removed, and takes one over that somebody made', async () => {
    expect((await go.run('alpine', 'true')).status).toBe(0);
    await must(['ip', 'link', 'del', 'goContainers0']);
    expect(await go.run('alpine', 'true')).toMatchObject({ status: 0, stderr: '' });
    expect(await bridgeAddresses()).toEqual(['10.10.10.1/24']);
    await go.engine.ok('network', 'rm', 'goContainers0');
    await must(['ip', 'link', 'add', 'goContainers0', 'type', 'bridge']);
    await must(['ip', 'addr', 'add', '10.10.10.1/24', 'dev', 'goContainers0']);
    expect(await go.run('alpine', 'true')).toMatchObject({ status: 0, stderr: '' });
  });

  test('go-container has no way out of the machine, and its bridge no address translation', async () => {
    const { stdout } = await go.run('alpine', 'ip', 'route', 'get', '192.0.2.1');
    expect(stdout).not.toContain('via');
    expect(await go.engine.ok('network', 'inspect', '-f', '{{.Internal}}', 'goContainers0')).toBe(
      'true',
    );
  });

  test('go-container runs several at once from a new image and a new bridge', async () => {
    await run([tiffinBinary, '-H', `unix://${go.engine.socket}`, 'network', 'rm', 'goContainers0']);
    const images = mkdtempSync(join(tmpdir(), 'tiffin-go-images-'));
    await makeRoot(join(images, 'many'));
    const results = await Promise.all(
      [1, 2, 3, 4].map((n) => go.run('-i', images, 'many', 'echo', `${n}`)),
    );
    expect(results.map(({ status, stderr }) => ({ status, stderr }))).toEqual(
      results.map(() => ({ status: 0, stderr: '' })),
    );
    rmSync(images, { recursive: true });
  });

  test('go-container leaves its bridge until the network is removed, then nothing', async () => {
    await go.run('alpine', 'true');
    expect(await bridgeAddresses()).toEqual(['10.10.10.1/24']);
    await must([
      tiffinBinary,
      '-H',
      `unix://${go.engine.socket}`,
      'network',
      'rm',
      'goContainers0',
    ]);
    expect(await bridgeAddresses()).toEqual([]);
    const left = (await leftBehind(before)).filter((line) => !/^nft|tiffin/.test(line));
    expect(left).toEqual([]);
  });
});
