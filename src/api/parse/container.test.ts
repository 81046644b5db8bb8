import { expect, test } from 'bun:test';
import { TiffinError } from '../../base/errors.ts';
import { parseContainerCreate } from './container.ts';
import { bodyObject } from './fields.ts';
import { parseNetworkCreate } from './networking.ts';
import { parseContainerUpdate } from './resources.ts';

function refusal(body: unknown): string {
  try {
    parseContainerCreate(body);
  } catch (error) {
    expect(error).toBeInstanceOf(TiffinError);
    expect(error).toMatchObject({ class: 'invalid' });
    return error instanceof Error ? error.message : '';
  }
  return 'accepted';
}

test('parseContainerCreate completes an empty request with Docker defaults', () => {
  const request = parseContainerCreate({});
  expect(request).toMatchObject({ Image: '', Cmd: null, Entrypoint: null, Env: [], Tty: false });
  expect(request.HostConfig).toMatchObject({
    Memory: 0,
    PidsLimit: null,
    OomKillDisable: null,
    MemorySwappiness: null,
    Init: null,
    MaskedPaths: null,
    RestartPolicy: { Name: '', MaximumRetryCount: 0 },
    ConsoleSize: [0, 0],
    NetworkMode: '',
    CgroupnsMode: 'private',
    IpcMode: 'private',
    ShmSize: 1 << 26,
    LogConfig: { Type: 'json-file' },
  });
  expect('StopTimeout' in request).toBe(false);
  expect(parseContainerCreate({ HostConfig: null, NetworkingConfig: null, Env: null })).toEqual(
    request,
  );
});

test('parseContainerCreate reads what the docker client sends', () => {
  const request = parseContainerCreate({
    Image: 'starter',
    Cmd: 'sh',
    Entrypoint: ['a', 'b'],
    ExposedPorts: { '80/tcp': {} },
    Labels: { a: 'b' },
    StopTimeout: 0,
    Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000 },
    HostConfig: {
      Binds: ['/a:/b:ro'],
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '81/udp': null },
      NanoCpus: 1_500_000_000,
      MemorySwappiness: -1,
      PidsLimit: 0,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { Options: [['noexec']], Mode: 448 } }],
      Ulimits: [{ Name: 'nofile', Soft: 10, Hard: -1 }],
      ConsoleSize: [24, 80],
    },
    NetworkingConfig: { EndpointsConfig: { net: null, other: { Aliases: ['x'] } } },
  });
  expect(request.Cmd).toEqual(['sh']);
  expect(Object.keys(request.ExposedPorts)).toEqual(['80/tcp']);
  expect(request).toMatchObject({ Entrypoint: ['a', 'b'], StopTimeout: 0 });
  expect(request.Healthcheck).toMatchObject({ Interval: 1_000_000_000, Retries: 0 });
  const host = request.HostConfig;
  expect(host.PortBindings['80/tcp']).toEqual([{ HostIp: '', HostPort: '8080' }]);
  expect(host.PortBindings['81/udp']).toBeNull();
  expect(host).toMatchObject({ MemorySwappiness: null, PidsLimit: 0, ConsoleSize: [24, 80] });
  expect(host.Mounts[0]).toMatchObject({ Type: 'tmpfs', TmpfsOptions: { Options: [['noexec']] } });
  expect(host.Ulimits).toEqual([{ Name: 'nofile', Soft: 10, Hard: -1 }]);
  const endpoints = request.NetworkingConfig.EndpointsConfig;
  expect(endpoints.net?.Aliases).toBeNull();
  expect(endpoints.other?.Aliases).toEqual(['x']);
});

test('parseContainerCreate names the field that is wrong', () => {
  expect(refusal(undefined)).toBe('invalid JSON: got EOF while reading request body');
  expect(refusal([])).toBe('body must be an object');
  expect(refusal({ Image: 3 })).toBe('body.Image must be a string');
  expect(refusal({ Env: ['A=1', 2] })).toBe('body.Env[1] must be a string');
  expect(refusal({ Tty: 'yes' })).toBe('body.Tty must be true or false');
  expect(refusal({ HostConfig: { Memory: 1.5 } })).toBe(
    'body.HostConfig.Memory must be a whole number',
  );
  expect(refusal({ HostConfig: { Memory: 1e300 } })).toContain('Memory must be a whole number');
  expect(refusal({ HostConfig: { BlkioWeight: 65_536 } })).toContain('from 0 to 65535');
  expect(refusal({ HostConfig: { Mounts: [{ Type: 'nope' }] } })).toBe(
    'invalid mount config for type "nope": mount type unknown',
  );
  expect(refusal({ HostConfig: { RestartPolicy: { Name: 'sometimes' } } })).toContain(
    "use one of 'no', 'always', 'on-failure'",
  );
  expect(
    refusal({ HostConfig: { RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } } }),
  ).toContain("can only be used with 'on-failure'");
  expect(refusal({ HostConfig: { PortBindings: { '80/tcp': 'x' } } })).toContain('must be a list');
  expect(refusal({ Env: new Array(10_001).fill('a') })).toContain('at most 10000 items');
});

test('parseContainerCreate keeps names such as __proto__ as ordinary keys', () => {
  const body = JSON.parse(
    '{"Labels":{"__proto__":"a","constructor":"b"},"Volumes":{"__proto__":{}}}',
  );
  const { Labels, Volumes } = parseContainerCreate(body);
  expect(Object.getPrototypeOf(Labels)).toBeNull();
  expect(Object.entries(Labels)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
  expect(Object.keys(Volumes)).toEqual(['__proto__']);
  expect(JSON.stringify(Labels)).toBe('{"__proto__":"a","constructor":"b"}');
});

test('parseContainerUpdate keeps only what was sent and is not zero', () => {
  const update = parseContainerUpdate(
    bodyObject({
      Memory: 1 << 20,
      CpuShares: 0,
      CpusetCpus: '',
      Devices: [],
      MemorySwappiness: 0,
      PidsLimit: 0,
      RestartPolicy: { Name: 'always' },
    }),
  );
  expect(update).toEqual({
    Memory: 1 << 20,
    MemorySwappiness: 0,
    PidsLimit: 0,
    RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
  });
  expect(parseContainerUpdate(bodyObject({}))).toEqual({});
});

test('parseNetworkCreate reads pools and defaults to a bridge with IPv4', () => {
  const request = parseNetworkCreate(
    bodyObject({
      Name: 'n',
      IPAM: { Config: [{ Subnet: '10.1.0.0/16', AuxiliaryAddresses: { a: '10.1.0.9' } }] },
    }),
  );
  expect(request).toMatchObject({ Name: 'n', Driver: '', EnableIPv4: true, EnableIPv6: false });
  expect(request.IPAM.Config[0]?.Subnet).toBe('10.1.0.0/16');
  expect(Object.entries(request.IPAM.Config[0]?.AuxiliaryAddresses ?? {})).toEqual([
    ['a', '10.1.0.9'],
  ]);
});
