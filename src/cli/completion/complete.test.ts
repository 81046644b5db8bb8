/** Completion: what is offered where, and the three shells' own view of it. */

import { expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeApi } from '../testing/fake-api.ts';
import { complete } from './complete.ts';
import { completionScript } from './scripts.ts';

const ask = async (source: string) => [`a-${source}`, `b-${source}`];
const offered = async (...words: string[]) => {
  const { candidates, files } = await complete(words, ask);
  return [...candidates.map(({ word }) => word), ...(files ? [':files'] : [])];
};

test('complete offers commands, groups and their verbs', async () => {
  expect(await offered('')).toEqual(expect.arrayContaining(['run', 'context', 'help', 'compose']));
  expect(await offered('')).not.toContain('__complete');
  expect(await offered('-D', '--host', '/x', 'volume', '')).toEqual(
    expect.arrayContaining(['create', 'inspect', 'ls', 'list', 'prune', 'rm', 'update']),
  );
  expect(await offered('help', '')).toEqual(expect.arrayContaining(['run', 'networking']));
  expect(await offered('nonsense', '')).toEqual([]);
});

test('complete offers names by the place of the operand', async () => {
  expect(await offered('stop', 'x', '')).toEqual(['a-running', 'b-running']);
  expect(await offered('container', 'rm', '')).toEqual(['a-containers', 'b-containers']);
  expect(await offered('run', '-it', '')).toEqual(['a-images', 'b-images']);
  expect(await offered('run', '-it', 'img', '')).toEqual([':files']);
  expect(await offered('network', 'connect', '')).toEqual(['a-networks', 'b-networks']);
  expect(await offered('network', 'connect', 'n', '')).toEqual(['a-containers', 'b-containers']);
  expect(await offered('network', 'connect', 'n', 'c', '')).toEqual([]);
  expect(await offered('volume', 'create', '')).toEqual([]);
  expect(await offered('cp', '')).toEqual(['a-containers:', 'b-containers:', ':files']);
  expect(await offered('context', 'use', '')).toEqual(['a-contexts', 'b-contexts']);
  expect(await offered('compose', 'up', '')).toEqual([':files']);
});

test('complete offers the flags of go-container, which take one dash too', async () => {
  expect(await offered('go-container', '-')).toEqual(
    expect.arrayContaining(['--bridge-addr', '--c', '--mem']),
  );
  expect(await offered('go-container', '-mem', '')).toEqual([':files']);
  expect(await offered('go-container', '-mem', '1g', '-')).toContain('--cpu');
  expect(await offered('go-container', '-mem', '1g', 'alpine', '-')).toEqual([':files']);
});

test('complete offers the names of the folder of images to cfs run', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tiffin-images-'));
  process.env.CFS_IMAGES = folder;
  try {
    for (const name of ['BusyBox', 'core.gz', 'TinyCore.cpio.gz', 'Twice.tar', 'Twice.tar.xz']) {
      writeFileSync(join(folder, name), '');
    }
    expect(await offered('cfs', 'run', '')).toEqual(['BusyBox', 'TinyCore', 'Twice', 'core']);
    expect(await offered('cfs', 'run', 'core', '')).toEqual([':files']);
  } finally {
    delete process.env.CFS_IMAGES;
    rmSync(folder, { recursive: true });
  }
  expect(await offered('cfs', '')).toEqual(expect.arrayContaining(['run', 'server']));
});

test('complete offers flags and their values', async () => {
  expect(await offered('ps', '--f')).toEqual(
    expect.arrayContaining(['--filter', '--format', '--help']),
  );
  expect(await offered('run', '--network', '')).toEqual(['a-networks', 'b-networks']);
  expect(await offered('run', '--restart=')).toEqual([
    '--restart=always',
    '--restart=no',
    '--restart=on-failure',
    '--restart=unless-stopped',
  ]);
  expect(await offered('run', '--env-file', '')).toEqual([':files']);
  expect(await offered('kill', '-s', '')).toContain('SIGTERM');
  expect(await offered('exec', 'c', '--')).toEqual([':files']);
});

const SHELLS: readonly [string, (directory: string) => string[]][] = [
  [
    'bash',
    () => [
      'bash',
      '-c',
      `. ./script; COMP_LINE='tiffin rm o'; COMP_POINT=11; _tiffin; echo "\${COMPREPLY[@]}"
       COMP_LINE='tiffin rmi img:'; COMP_POINT=15; _tiffin; echo "\${COMPREPLY[@]}"`,
    ],
  ],
  [
    'zsh',
    () => [
      'zsh',
      '-f',
      '-c',
      `compdef() { : }; . ./script; compadd() { print -r -- $names; }; _files() { : }
       words=(tiffin rm o); CURRENT=3; PREFIX=o; _tiffin
       words=(tiffin rmi img:); CURRENT=3; PREFIX=img:; _tiffin`,
    ],
  ],
  [
    'fish',
    () => [
      'fish',
      '-c',
      `source ./script; complete -C 'tiffin rm o'; complete -C 'tiffin rmi img:'`,
    ],
  ],
];

test.each(SHELLS)('the script for %s asks the engine for names', async (shell, argv) => {
  await using api = await fakeApi({
    answers: {
      'GET /containers/json': [
        200,
        [{ Names: ['/one'] }, { Names: ['/other'] }, { Names: ['/two'] }],
      ],
      'GET /images/json': [200, [{ RepoTags: ['img:1', 'img:2'] }, { RepoTags: null }]],
    },
  });
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-completion-'));
  const entry = join(import.meta.dir, '../testing/program.ts');
  writeFileSync(
    join(directory, 'tiffin'),
    `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`,
  );
  chmodSync(join(directory, 'tiffin'), 0o755);
  writeFileSync(join(directory, 'script'), completionScript(shell) ?? '');
  const program = Bun.spawn(argv(directory), {
    cwd: directory,
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: `${directory}:${process.env.PATH}`, HOME: directory, TIFFIN_HOST: api.socket },
  });
  const [text, errors] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  rmSync(directory, { recursive: true });
  expect(errors).toBe('');
  const lines = text.split(/[ \n]+/).filter((word) => word !== '');
  const tags = shell === 'bash' ? ['1', '2'] : ['img:1', 'img:2'];
  expect(lines).toEqual(['one', 'other', ...tags]);
});

test('completion refuses a shell that it has no script for, and __complete is silent without an engine', async () => {
  await using api = await fakeApi({});
  expect((await api.run(['completion', 'csh'])).status).toBe(1);
  expect(await api.run(['__complete', 'rm', ''])).toEqual({ stdout: '', stderr: '', status: 0 });
});
