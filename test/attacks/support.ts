/** Hostile images and programs for the attack tests: archives made by tar(1), programs compiled statically. */

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { must, type Result, type TestEngine } from '../integration/harness.ts';

const APPLETS =
  'sh ls cat id echo true false sleep mount umount grep test kill readlink mkdir rm mkfifo truncate dd head od stat touch wc mv'.split(
    ' ',
  );

export interface ImageParts {
  /** The `config` object of the image configuration; anything goes. */
  config?: object;
  /** Changes the root file system before it is archived. */
  build?: (root: string) => void;
}

/** Makes an image with busybox in it and loads it; the answer of `load`, also a refusal. */
export async function loadImage(
  engine: TestEngine,
  name: string,
  { config = {}, build = () => undefined }: ImageParts,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-attack-'));
  try {
    const root = join(directory, 'root');
    busyboxRoot(root);
    build(root);
    await must(['tar', '-C', root, '-S', '-cf', join(directory, 'layer.tar'), '.']);
    const sum = await must(['sha256sum', join(directory, 'layer.tar')]);
    const document = {
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${sum.slice(0, 64)}`] },
    };
    writeFileSync(join(directory, 'config.json'), JSON.stringify(document));
    const manifest = [
      { Config: 'config.json', RepoTags: [`${name}:latest`], Layers: ['layer.tar'] },
    ];
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
    const archive = join(directory, 'image.tar');
    const files = ['manifest.json', 'config.json', 'layer.tar'];
    await must(['tar', '-C', directory, '-cf', archive, ...files]);
    return await engine.tiffin(['load', '-i', archive]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The same; a refusal is an error. */
export async function mustLoad(engine: TestEngine, name: string, parts: ImageParts): Promise<void> {
  const result = await loadImage(engine, name, parts);
  if (result.status !== 0) throw new Error(`load of ${name}: ${result.stderr}`);
}

function busyboxRoot(root: string): void {
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  for (const name of APPLETS) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nuser:x:1000:\n');
}

/** Compiles a C program without libraries. */
export async function compile(source: string, output: string): Promise<void> {
  mkdirSync(dirname(output), { recursive: true });
  const file = `${output}.c`;
  writeFileSync(file, source);
  await must([
    'musl-gcc',
    '-static',
    '-Os',
    '-o',
    output,
    file,
    '-idirafter',
    '/usr/include',
    '-idirafter',
    existsSync('/usr/include/x86_64-linux-gnu')
      ? '/usr/include/x86_64-linux-gnu'
      : '/usr/include/aarch64-linux-gnu',
  ]);
}
