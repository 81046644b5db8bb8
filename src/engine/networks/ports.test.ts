import { expect, test } from 'bun:test';
import { parsePortKey, toPortRequests } from './ports.ts';

test('toPortRequests reads keys, single ports, ranges and no port', () => {
  const requests = toPortRequests({
    '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
    '53/udp': [
      { HostIp: '', HostPort: '5000-5010' },
      { HostIp: '', HostPort: '' },
    ],
    '90/tcp': null,
  });
  expect(requests).toEqual([
    { protocol: 'tcp', containerPort: 80, hostAddress: '127.0.0.1', hostPort: 8080 },
    { protocol: 'udp', containerPort: 53, hostAddress: '', hostPort: 5000, hostPortEnd: 5010 },
    { protocol: 'udp', containerPort: 53, hostAddress: '', hostPort: 0 },
  ]);
});

test('parsePortKey refuses what is no port', () => {
  expect(parsePortKey('80')).toEqual({ protocol: 'tcp', port: 80 });
  for (const key of ['', '0/tcp', '65536/tcp', '80/icmp', '-1', '8e1', '80-90/tcp']) {
    expect(() => parsePortKey(key)).toThrow('invalid port specification');
  }
  expect(() => toPortRequests({ '80/tcp': [{ HostIp: '', HostPort: '9-8' }] })).toThrow(
    'invalid hostPort',
  );
});
