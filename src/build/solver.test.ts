// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a shell are what is tested
import { expect, test } from 'bun:test';
import { TiffinError } from '../base/errors.ts';
import { emptyDefaults } from '../spec/image-config-writer.ts';
import type { BuildEvent } from './events.ts';
import { parseDockerfile } from './parse.ts';
import { type SolveOptions, type StageResult, solve } from './solver.ts';
import { failedLines } from './stage.ts';
import { FakeWorker } from './testing/fake-worker.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };

async function build(
  lines: string | readonly string[],
  options: Partial<SolveOptions> & { args?: Record<string, string> } = {},
  worker = new FakeWorker(),
): Promise<{ worker: FakeWorker; result: StageResult; events: BuildEvent[] }> {
  const events: BuildEvent[] = [];
  const text = typeof lines === 'string' ? lines : lines.join('\n');
  const result = await solve(parseDockerfile(text), worker, {
    target: '',
    buildArgs: new Map(Object.entries(options.args ?? {})),
    labels: new Map(),
    platform: AMD64,
    buildPlatform: AMD64,
    network: 'default',
    noCache: false,
    noCacheFilter: [],
    pull: false,
    signal: new AbortController().signal,
    emit: async (event) => void events.push(event),
    ...options,
  });
  return { worker, result, events };
}

const names = (events: readonly BuildEvent[]) =>
  events.flatMap((event) =>
    event.kind === 'begin' && event.name.at > 0
      ? [`[${event.name.stage} ${event.name.at}/${event.name.of}] ${event.name.text}`]
      : [],
  );

test('solve runs the stages that the target needs, and no other', async () => {
  const { worker, events } = await build([
    'FROM a AS one',
    'RUN one',
    'FROM b AS two',
    'RUN two',
    'FROM c AS three',
    'COPY --from=one /x /y',
    'RUN --mount=from=d,target=/d three',
    'FROM three',
    'USER me',
  ]);
  expect(worker.commands).toEqual(['one', 'three']);
  expect(worker.pulled.toSorted()).toEqual(['a', 'c', 'd']);
  expect(names(events)).toContain('[three 2/3] COPY --from=one /x /y');
  expect(names(events)).toContain('[stage-3 1/1] FROM three');
});

test('solve stops at the target that is asked for, by name or by number', async () => {
  const file = 'FROM a AS first\nRUN one\nFROM b\nRUN two\n';
  expect((await build(file, { target: 'FIRST' })).worker.commands).toEqual(['one']);
  expect((await build(file, { target: '0' })).worker.commands).toEqual(['one']);
  expect(build(file, { target: 'x' })).rejects.toThrow('target stage "x" could not be found');
});

test('ARG has the scope of its stage, takes globals and given values, and hides behind ENV', async () => {
  const lines = [
    'ARG BASE=img',
    'ARG TAG=1',
    'FROM $BASE:${TAG}',
    'RUN a',
    'ARG BASE',
    'ARG OWN=${BASE}-x',
    'ARG TARGETARCH',
    'ENV OWN2=$OWN',
    'RUN b',
    'ENV BASE=env',
    'RUN c',
  ];
  const { worker, result } = await build(lines, { args: { TAG: '2', OWN: 'given' } });
  expect(worker.pulled).toEqual(['img:2']);
  const [a, b, c] = worker.runs.map(({ env }) => env);
  expect(a).toEqual([]);
  expect(b?.toSorted()).toEqual(['BASE=img', 'OWN2=given', 'OWN=given', 'TARGETARCH=amd64']);
  expect(c).toEqual(['OWN2=given', 'BASE=env', 'OWN=given', 'TARGETARCH=amd64']);
  expect(result.config.env).toEqual(['OWN2=given', 'BASE=env']);
});

test('proxies reach a RUN without an ARG and change neither key nor history', async () => {
  const worker = new FakeWorker();
  const first = await build('FROM a\nRUN x\n', { args: { http_proxy: 'http://p' } }, worker);
  expect(worker.runs[0]?.env).toEqual(['http_proxy=http://p']);
  const second = await build('FROM a\nRUN x\n', { args: { http_proxy: 'http://q' } }, worker);
  expect(worker.runs).toHaveLength(1);
  expect(JSON.stringify(second.result.history)).not.toContain('http://');
  expect(first.events.some(({ kind }) => kind === 'warning')).toBe(false);
  const unused = await build('FROM a\n', { args: { NOBODY: '1' } });
  expect(unused.events).toContainEqual({
    kind: 'warning',
    text: 'One or more build-args [NOBODY] were not consumed',
  });
});

test('a step runs again when what it depends on changes, and only then', async () => {
  const worker = new FakeWorker();
  const file = (first: string, user = 'u') =>
    `FROM a\nRUN ${first}\nUSER ${user}\nCOPY f /f\nRUN last\n`;
  await build(file('one'), {}, worker);
  await build(file('one'), {}, worker);
  expect(worker.commands).toEqual(['one', 'last']);
  await build(file('one', 'v'), {}, worker);
  expect(worker.commands).toEqual(['one', 'last', 'last']);
  worker.content.set('f', 'changed');
  await build(file('one'), {}, worker);
  expect(worker.copies).toHaveLength(2);
  // The fake layer is the same, and so are the files that the last step starts from.
  expect(worker.commands).toEqual(['one', 'last', 'last']);
  await build(file('one'), { noCache: true }, worker);
  expect(worker.commands).toEqual(['one', 'last', 'last', 'one', 'last']);
  await build(
    'FROM a AS s\nRUN one\nFROM a\nRUN one\nCOPY --from=s / /\n',
    { noCacheFilter: ['s'] },
    worker,
  );
  expect(worker.commands.slice(5)).toEqual(['one']);
});

test('an image made from nothing starts with a PATH, and one with a base has what the base has', async () => {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const { result } = await build(['FROM scratch', 'ENV PATH=/own:$PATH']);
  expect(result.config.env).toEqual([`PATH=/own:${path}`]);
  const other = await build(['FROM a', 'ENV A=b']);
  expect(other.result.config.env).toEqual(['A=b']);
});

test('settings become the configuration, with docker’s rules between them', async () => {
  const worker = new FakeWorker();
  const config = { ...emptyDefaults(), cmd: ['inherited'], env: ['P=1'], labels: { base: 'b' } };
  worker.images.set('a', { config });
  const { result } = await build(
    [
      'FROM a',
      'ENV P=2 Q=$P',
      'LABEL one=1',
      'EXPOSE 80 90-91/UDP',
      'SHELL ["/bin/bash", "-c"]',
      'ENTRYPOINT run it',
      'WORKDIR x',
      'WORKDIR y',
      'VOLUME ["/v"]',
      'HEALTHCHECK --retries=2 CMD check',
      'STOPSIGNAL 9',
      'MAINTAINER me',
    ],
    { labels: new Map([['given', 'g']]) },
    worker,
  );
  expect(result.config).toMatchObject({
    env: ['P=2', 'Q=1'],
    labels: { base: 'b', one: '1', given: 'g' },
    exposedPorts: ['80/tcp', '90/udp', '91/udp'],
    entrypoint: ['/bin/bash', '-c', 'run it'],
    cmd: undefined,
    workingDir: '/x/y',
    volumes: ['/v'],
    stopSignal: '9',
  });
  expect(result.config.healthcheck).toMatchObject({ test: ['CMD-SHELL', 'check'], retries: 2 });
  expect(result.author).toBe('me');
});

test('triggers of the base image run first, and are not handed on', async () => {
  const worker = new FakeWorker();
  worker.images.set('a', { config: { ...emptyDefaults(), onBuild: ['RUN trigger', 'ENV T=1'] } });
  const { result } = await build('FROM a\nRUN own\nONBUILD RUN later\n', {}, worker);
  expect(worker.commands).toEqual(['trigger', 'own']);
  expect(worker.runs[1]?.env).toEqual(['T=1']);
  expect(result.config.onBuild).toEqual(['RUN later']);
});

test('stages that do not need each other run at the same time', async () => {
  const worker = new FakeWorker();
  const met = Promise.withResolvers<void>();
  let waiting = 0;
  worker.program = async () => {
    waiting += 1;
    if (waiting === 2) met.resolve();
    await met.promise;
  };
  await build(
    'FROM a AS x\nRUN one\nFROM a AS y\nRUN two\nFROM a\nCOPY --from=x / /\nCOPY --from=y / /\n',
    {},
    worker,
  );
  expect(waiting).toBe(2);
});

test('the first failure ends the other stages and keeps the line where it happened', async () => {
  const worker = new FakeWorker();
  worker.program = async (command) => {
    if (command === 'bad') throw new TiffinError('invalid', 'no-command', 'it failed');
  };
  const file = 'FROM a AS x\n\nRUN bad\nFROM a\nRUN good\nCOPY --from=x / /\nRUN never\n';
  const failure = await build(file, {}, worker).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TiffinError);
  expect(failedLines(failure)).toEqual({ first: 3, last: 3 });
  expect(worker.commands).not.toContain('never');
});

test('with an epoch the image has its time, and the same steps are other steps', async () => {
  const args = { SOURCE_DATE_EPOCH: '1700000000' };
  const { result } = await build('FROM a\nRUN x\n', { args });
  expect(result.created).toBe('2023-11-14T22:13:20Z');
  expect(result.history.at(-1)?.created).toBe('2023-11-14T22:13:20Z');
});

test('COPY and ADD tell their sources apart', async () => {
  const { worker } = await build([
    'FROM a',
    'WORKDIR /w',
    'ENV D=dest',
    'ADD https://h/x.tgz https://h/r.git#main:d local $D/',
    'COPY <<E one /d/',
    '$D',
    'E',
    'COPY --link --chown=$D:1 one .',
  ]);
  const [add, inline, link] = worker.copies;
  expect(add?.items.map(({ source }) => source.kind)).toEqual(['url', 'git', 'context']);
  expect(add).toMatchObject({ destination: '/w/dest/', extract: true });
  expect(inline?.items[0]?.source).toEqual({ kind: 'inline', name: 'E', content: 'dest\n' });
  expect(link).toMatchObject({ destination: '/w/', onto: [], flags: { chown: 'dest:1' } });
  expect(build('FROM a\nCOPY one two /d\n')).rejects.toThrow(
    'must be a directory and end with a /',
  );
});
