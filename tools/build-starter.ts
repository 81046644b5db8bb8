/**
 * Makes the starter image: a small root file system around Debian's static busybox, as a docker-archive tar.
 * The same busybox gives the same bytes. Usage: bun tools/build-starter.ts OUT.tar [NAME:TAG]
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const busybox = '/bin/busybox';

const files: Readonly<Record<string, string>> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
  'etc/group': 'root:x:0:\ntty:x:5:\nusers:x:100:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
  'etc/profile': "export PS1='\\u@\\h:\\w\\$ '\n",
  'etc/os-release':
    'NAME="Tiffin starter"\nID=tiffin-starter\nPRETTY_NAME="Tiffin starter (busybox)"\n',
};

const directories = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'run',
  'sys',
  'tmp',
  'usr/bin',
  'usr/sbin',
  'var/tmp',
  'var/log',
];

/** Reproducible: sorted names, no times, no owners of the building machine. */
const tarOptions = [
  '--format=ustar',
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
];

function buildStarter(archive: string, name: string): void {
  const work = mkdtempSync(join(tmpdir(), 'tiffin-starter-'));
  try {
    const root = join(work, 'root');
    writeRootfs(root);
    const layer = join(work, 'layer.tar');
    run('chmod', ['1777', join(root, 'tmp'), join(root, 'var/tmp')]);
    run('tar', [...tarOptions, '-C', root, '-cf', layer, '.']);
    writeImage(work, readFileSync(layer), name);
    run('tar', [
      ...tarOptions,
      '-C',
      work,
      '-cf',
      archive,
      'manifest.json',
      'config.json',
      'layer.tar',
    ]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function writeRootfs(root: string): void {
  for (const directory of directories) mkdirSync(join(root, directory), { recursive: true });
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const applet of run(busybox, ['--list']).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
}

function writeImage(work: string, layer: Uint8Array, name: string): void {
  const config = {
    architecture: 'amd64',
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['sh'],
      WorkingDir: '/',
      Labels: { 'org.opencontainers.image.title': 'starter' },
    },
    rootfs: {
      type: 'layers',
      diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`],
    },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'busybox-static and a few files' }],
  };
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest));
}

function run(program: string, args: readonly string[]): string {
  const result = spawnSync(program, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

const [output, name = 'starter:latest'] = process.argv.slice(2);
if (output === undefined) throw new Error('usage: build-starter.ts OUT.tar [NAME:TAG]');
buildStarter(resolve(output), name);
