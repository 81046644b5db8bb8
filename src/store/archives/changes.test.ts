import { expect, test } from 'bun:test';
import { emptyDefaults } from '../../spec/image-config-writer.ts';
import { applyChanges } from './changes.ts';
import { splitWords } from './words.ts';

const apply = (...changes: string[]) => applyChanges(emptyDefaults(), changes);

test('applyChanges applies each instruction', () => {
  expect(apply('CMD ["a", "b c"]').cmd).toEqual(['a', 'b c']);
  expect(apply('cmd echo hi').cmd).toEqual(['/bin/sh', '-c', 'echo hi']);
  expect(apply('SHELL ["/bin/bash", "-c"]', 'ENTRYPOINT echo').entrypoint).toEqual([
    '/bin/bash',
    '-c',
    'echo',
  ]);
  expect(apply('ENTRYPOINT []').entrypoint).toEqual([]);
  expect(apply('ENV A=1 B="two words" C=\'x y\'', 'ENV A 2 3').env).toEqual([
    'A=2 3',
    'B=two words',
    'C=x y',
  ]);
  expect(apply('ENV PATH=/a:/b=c').env).toEqual(['PATH=/a:/b=c']);
  expect(apply('EXPOSE 80 443/TCP 53/udp', 'EXPOSE 8000-8002 80/tcp').exposedPorts).toEqual([
    '80/tcp',
    '443/tcp',
    '53/udp',
    '8000/tcp',
    '8001/tcp',
    '8002/tcp',
  ]);
  expect({ ...apply('LABEL a=b "c d"=e', 'LABEL __proto__=x').labels }).toEqual(
    Object.fromEntries([
      ['a', 'b'],
      ['c d', 'e'],
      ['__proto__', 'x'],
    ]),
  );
  expect(apply('VOLUME ["/a", "/b"]', 'VOLUME /c /a').volumes).toEqual(['/a', '/b', '/c']);
  expect(apply('USER 1000:1000', 'STOPSIGNAL SIGINT')).toMatchObject({
    user: '1000:1000',
    stopSignal: 'SIGINT',
  });
  expect(apply('WORKDIR a', 'WORKDIR ../../b').workingDir).toBe('/b');
  expect(apply('ONBUILD RUN x', 'ONBUILD RUN y').onBuild).toEqual(['RUN x', 'RUN y']);
});

test('applyChanges leaves the given configuration as it was', () => {
  const config = emptyDefaults();
  applyChanges(config, ['ENV A=1', 'LABEL a=b', 'EXPOSE 1', 'VOLUME /v', 'ONBUILD x']);
  expect({ ...config, labels: { ...config.labels } }).toEqual({ ...emptyDefaults(), labels: {} });
});

test('applyChanges refuses what is no instruction and what does not hold', () => {
  const refused: Record<string, string> = {
    '': 'not a valid change command',
    'RUN x': 'RUN is not a valid change command',
    CMD: 'CMD requires an argument',
    'ENV A': 'ENV must have two arguments',
    'ENV A=1 B': "can't find =",
    'LABEL =x': "can't find =",
    'EXPOSE 0': 'invalid containerPort: 0',
    'EXPOSE 65536': 'invalid containerPort',
    'EXPOSE 2-1': 'invalid containerPort',
    'EXPOSE 80/icmp': 'invalid containerPort',
    'EXPOSE 1e3': 'invalid containerPort',
    'USER a b': 'exactly one argument',
    'ENV A="x': 'unterminated quote',
    'SHELL sh': 'JSON form',
    'CMD a\0b': 'NUL',
  };
  for (const [change, message] of Object.entries(refused))
    expect(() => apply(change)).toThrow(message);
});

test('splitWords keeps quoted and escaped characters together', () => {
  expect(splitWords(String.raw`a "b c" 'd "e' f\ g "h\"i" "j\k" ''`)).toEqual([
    'a',
    'b c',
    'd "e',
    'f g',
    'h"i',
    String.raw`j\k`,
    '',
  ]);
});

test('applyChanges takes a health check with its settings, in both forms, and refuses a broken one', () => {
  const shell = applyChanges(emptyDefaults(), [
    'HEALTHCHECK --interval=1m30s --retries=3 CMD true || false',
  ]);
  expect(shell.healthcheck).toEqual({
    test: ['CMD-SHELL', 'true || false'],
    intervalNs: 90e9,
    timeoutNs: 0,
    startPeriodNs: 0,
    startIntervalNs: 0,
    retries: 3,
  });
  const exec = applyChanges(emptyDefaults(), ['healthcheck CMD ["a", "b"]']);
  expect(exec.healthcheck?.test).toEqual(['CMD', 'a', 'b']);
  expect(applyChanges(emptyDefaults(), ['HEALTHCHECK NONE']).healthcheck?.test).toEqual(['NONE']);
  for (const change of [
    'HEALTHCHECK',
    'HEALTHCHECK CMD',
    'HEALTHCHECK --x=1 CMD a',
    'HEALTHCHECK --interval=1x CMD a',
    'HEALTHCHECK --interval=1ns CMD a',
    'HEALTHCHECK ls',
  ]) {
    expect(() => applyChanges(emptyDefaults(), [change])).toThrow('HEALTHCHECK');
  }
});
